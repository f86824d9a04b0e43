//! Tokens of an outside issuer beside own accounts: the `iss` of a token decides.

use axum::http::Method;
use serde_json::{Value, json};
use votify_core::{MemoryAccountStore, MemoryStore};

use super::issuer::{AUDIENCE, ISSUER, Issuer, header, now};
use crate::accounts::harness::{cheap, with_bearer};
use crate::app::{App, SECRET, SharedClock, TestResponse, engine, open_router};
use crate::browser::{Browser, CreatedPoll};
use crate::signing_keys::{SigningKey, es256};

struct Users {
    app: App,
    pair: SigningKey,
    _issuer: Issuer,
}

impl Users {
    async fn new() -> Self {
        let pair = es256();
        let issuer = Issuer::new(vec![pair.jwk("one")]).await;
        let clock = SharedClock::new();
        let engine = engine(MemoryStore::new(), &clock, &[SECRET]);
        let router = open_router(engine.clone())
            .accounts(cheap(MemoryAccountStore::new()))
            .issuer(issuer.users().clock(clock.clone()));
        let app = App {
            router: router.build(),
            engine,
            clock,
        };
        Self {
            app,
            pair,
            _issuer: issuer,
        }
    }

    /// Signs a token of the outside issuer with changed claims.
    fn token(&self, changes: &Value) -> String {
        let now = now(&self.app);
        let mut claims =
            json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 60});
        let object = claims.as_object_mut().unwrap();
        object.extend(changes.as_object().unwrap().clone());
        self.pair.sign(&header("ES256", "one"), &claims)
    }

    async fn create(&self, token: &str) -> TestResponse {
        let body = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
        let request = with_bearer(token, Method::POST, "/api/polls", Some(body));
        self.app.send(request).await
    }

    async fn vote(&self, poll: &CreatedPoll, token: &str) -> TestResponse {
        let body = json!({"option_id": poll.options[0]});
        let request = with_bearer(token, Method::POST, &poll.path("/vote"), Some(body));
        self.app.send(request).await
    }
}

#[tokio::test]
async fn users_of_both_kinds_create_and_vote() {
    let users = Users::new().await;
    let own = users.app.token_of("ada").await;
    let outside = users.token(&json!({}));
    let created = users.create(&outside).await.expect_status(201);
    let poll = CreatedPoll::from(created.json());
    for token in [&own, &outside] {
        users.vote(&poll, token).await.expect_status(201);
        users
            .vote(&poll, token)
            .await
            .assert_problem(409, "already_voted");
    }
    // Another token of the same user is the same voter, and the owner.
    let newer = users.token(&json!({"exp": now(&users.app) + 120}));
    users
        .vote(&poll, &newer)
        .await
        .assert_problem(409, "already_voted");
    let change = |token: &str| {
        let body = Some(json!({"closes_at": "2100-01-01T00:00:00Z"}));
        users
            .app
            .send(with_bearer(token, Method::PATCH, &poll.path(""), body))
    };
    change(&own).await.assert_problem(403, "not_owner");
    change(&newer).await.expect_status(200);
    Browser::new(&users.app)
        .vote(&poll, 0)
        .await
        .assert_problem(401, "not_logged_in");
    assert_eq!(users.app.total(&poll.id).await, 2);
}

/// A subject that is the id of an own user is another user.
#[tokio::test]
async fn an_outside_issuer_cannot_name_an_own_user() {
    let users = Users::new().await;
    let own = users.app.token_of("ada").await;
    let created = users.create(&own).await.expect_status(201);
    let poll = CreatedPoll::from(created.json());
    let id = users.app.me(&own).await.json()["id"].clone();
    let forged = users.token(&json!({"sub": id}));
    let close = |token: &str| {
        let path = poll.path("/close");
        users
            .app
            .send(with_bearer(token, Method::POST, &path, None))
    };
    close(&forged).await.assert_problem(403, "not_owner");
    users.vote(&poll, &forged).await.expect_status(201);
    users.vote(&poll, &own).await.expect_status(201);
    close(&own).await.expect_status(200);
}

/// No key of one kind vouches for a token of the other.
#[tokio::test]
async fn tokens_are_verified_by_their_own_issuer_only() {
    let users = Users::new().await;
    let stranger = es256();
    let now = now(&users.app);
    let claims =
        |iss: &str| json!({"iss": iss, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 60});
    let unsigned = users.token(&json!({}));
    let unsigned = unsigned.rsplit_once('.').unwrap().0;
    for token in [
        users.token(&json!({"iss": "votify", "aud": "votify"})),
        users.token(&json!({"iss": "https://other.test"})),
        users.token(&json!({"iss": format!("{ISSUER}/")})),
        users.token(&json!({"iss": [ISSUER]})),
        users.token(&json!({"aud": "others"})),
        users.token(&json!({"exp": now - 3_600, "iat": now - 7_200})),
        stranger.sign(&header("ES256", "one"), &claims(ISSUER)),
        stranger.sign(&header("ES256", "one"), &claims("votify")),
        format!("{unsigned}."),
        "nonsense".to_owned(),
    ] {
        let response = users.create(&token).await;
        assert_eq!(response.status, 401, "{token}");
        response.assert_problem(401, "invalid_login");
    }
}

/// `/api/auth/me`, `logout` and `password` are about own accounts.
#[tokio::test]
async fn outside_tokens_are_no_own_logins() {
    let users = Users::new().await;
    let outside = users.token(&json!({}));
    users
        .app
        .me(&outside)
        .await
        .assert_problem(401, "invalid_login");
    users
        .app
        .log_out(&outside)
        .await
        .assert_problem(401, "invalid_login");
    let change = crate::accounts::password::change("battery staple");
    let path = "/api/auth/password";
    let change = with_bearer(&outside, Method::POST, path, Some(change));
    let refused = users.app.send(change).await;
    refused.assert_problem(401, "invalid_login");
    users.create(&outside).await.expect_status(201);
    let document = users.app.get("/api/openapi.json").await.json();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["issuer"]["scheme"], "bearer", "{schemes}");
    assert_eq!(schemes["login"]["scheme"], "bearer", "{schemes}");
}

/// Without own users, only tokens of the issuer are logins.
#[tokio::test]
async fn an_issuer_works_without_own_accounts() {
    let pair = es256();
    let issuer = Issuer::new(vec![pair.jwk("one")]).await;
    let clock = SharedClock::new();
    let users = issuer.users().clock(clock.clone());
    let app = App::over(MemoryStore::new(), |router| router.issuer(users));
    app.clock.advance(0);
    let now = now(&app);
    let claims = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 60});
    let token = pair.sign(&header("ES256", "one"), &claims);
    let body = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
    let create = |token: &str| {
        let body = Some(body.clone());
        app.send(with_bearer(token, Method::POST, "/api/polls", body))
    };
    create(&token).await.expect_status(201);
    create("a.b.c").await.assert_problem(401, "invalid_login");
    app.get("/api/polls").await.expect_status(200);
}
