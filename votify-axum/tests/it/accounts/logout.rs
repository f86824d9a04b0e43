//! Logging out.

use std::sync::Arc;

use axum::http::Method;
use serde_json::json;
use votify_core::account::{PasswordChange, UserName};
use votify_core::{AccountStore, MemoryAccountStore, MemoryStore};

use super::harness::{
    PASSWORD, app, app_over, cheap, cookies, credentials, token, with, with_bearer,
};
use crate::app::{App, SECRET, SharedClock, engine, open_router, request};
use crate::browser::CreatedPoll;
use crate::server::Server;
use crate::stream_clients::Socket;

#[tokio::test]
async fn logged_out_tokens_are_rejected() {
    let app = app();
    let (one, other) = (app.token_of("ada").await, app.log_in("ada", PASSWORD).await);
    let response = app.log_out(&one).await.expect_status(204);
    assert!(response.headers.get("set-cookie").is_none());
    app.me(&one).await.assert_problem(401, "invalid_login");
    app.log_out(&one).await.assert_problem(401, "invalid_login");
    app.me(&token(&other)).await.expect_status(200);
    app.clock.advance(3_600);
    app.me(&one).await.assert_problem(401, "invalid_login");
    app.post("/api/auth/logout", serde_json::json!({}))
        .await
        .assert_problem(401, "not_logged_in");
}

#[tokio::test]
async fn logout_clears_and_revokes_the_cookie() {
    let app = app();
    let entered = app
        .post("/api/auth/register", credentials("ada", PASSWORD))
        .await
        .expect_status(201);
    let browser =
        |method, path: &str| with(request(method, path, None), "cookie", &cookies(&entered));
    let left = app
        .send(browser(Method::POST, "/api/auth/logout"))
        .await
        .expect_status(204);
    let cleared = left.header("set-cookie");
    assert!(
        cleared.starts_with("votify_login=; ") && cleared.ends_with("Max-Age=0"),
        "{cleared}"
    );
    app.me(&token(&entered))
        .await
        .assert_problem(401, "invalid_login");
    // An invalid cookie is cleared too. Endpoints without login accept it.
    let again = app.send(browser(Method::POST, "/api/auth/logout")).await;
    again.assert_problem(401, "invalid_login");
    assert!(again.header("set-cookie").ends_with("Max-Age=0"));
    app.send(browser(Method::GET, "/api/auth/me"))
        .await
        .assert_problem(401, "invalid_login");
    app.send(browser(Method::GET, "/api/polls"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn logout_revokes_bearer_and_cookie() {
    let app = app();
    let (ada, bob) = (app.token_of("ada").await, app.token_of("bob").await);
    let both = request(Method::POST, "/api/auth/logout", None);
    let both = with(both, "authorization", &format!("Bearer {ada}"));
    let both = with(both, "cookie", &format!("votify_login={bob}"));
    app.send(both).await.expect_status(204);
    for token in [ada, bob] {
        app.me(&token).await.assert_problem(401, "invalid_login");
    }
}

/// Two instances share one store and one clock.
#[tokio::test]
async fn other_instances_reject_a_revoked_token_within_five_seconds() {
    let accounts: Arc<dyn AccountStore> = Arc::new(MemoryAccountStore::new());
    let (polls, clock) = (Arc::new(MemoryStore::new()), SharedClock::new());
    let instance = || {
        let engine = engine(Arc::clone(&polls), &clock, &[SECRET]);
        App {
            router: open_router(engine.clone())
                .accounts(cheap(Arc::clone(&accounts)))
                .build(),
            engine,
            clock: clock.clone(),
        }
    };
    let (here, there) = (instance(), instance());
    let (one, other) = (here.token_of("ada").await, here.token_of("bob").await);
    // The other instance has cached that the first token is valid, and has no entry for
    // the second.
    there.me(&one).await.expect_status(200);
    for token in [&one, &other] {
        here.log_out(token).await.expect_status(204);
        here.me(token).await.assert_problem(401, "invalid_login");
    }
    there.me(&other).await.assert_problem(401, "invalid_login");
    there.me(&one).await.expect_status(200);
    clock.advance(5);
    there.me(&one).await.assert_problem(401, "invalid_login");
}

/// The host changes the password in its store. Instances reject the earlier tokens, as
/// bearer token and as cookie, within 5 s, and accept a later login.
#[tokio::test]
async fn earlier_tokens_are_rejected_within_five_seconds_of_a_password_change() {
    let accounts: Arc<dyn AccountStore> = Arc::new(MemoryAccountStore::new());
    let app = app_over(cheap(Arc::clone(&accounts)), |router| router);
    let (one, bob) = (app.token_of("ada").await, app.token_of("bob").await);
    let other = token(&app.log_in("ada", PASSWORD).await);
    app.me(&one).await.expect_status(200);
    let name = |name| UserName::new(name).unwrap();
    let ada = accounts.user_named(&name("ada")).await.unwrap().unwrap();
    let same_password = accounts.user_named(&name("bob")).await.unwrap().unwrap();
    let changed = accounts
        .change_password(ada.id, &same_password.password, 0)
        .await;
    let token_generation = 1;
    assert_eq!(
        changed.unwrap(),
        PasswordChange::Changed { token_generation }
    );
    // Not cached.
    app.me(&other).await.assert_problem(401, "invalid_login");
    app.clock.advance(5);
    for token in [&one, &other] {
        app.me(token).await.assert_problem(401, "invalid_login");
        app.log_out(token)
            .await
            .assert_problem(401, "invalid_login");
        let cookie = format!("votify_login={token}");
        let browser = with(
            request(Method::GET, "/api/auth/me", None),
            "cookie",
            &cookie,
        );
        app.send(browser).await.assert_problem(401, "invalid_login");
    }
    app.me(&bob).await.expect_status(200);
    let new = token(&app.log_in("ada", PASSWORD).await.expect_status(200));
    app.me(&new).await.expect_status(200);
}

/// After a logout, open streams of the user still send public updates and reject votes.
#[tokio::test]
async fn votes_over_a_stream_are_rejected_after_logout() {
    let app = app();
    let (ada, bob) = (app.token_of("ada").await, app.token_of("bob").await);
    let draft = json!({"title": "t", "options": ["a", "b"], "voters": "account"});
    let created = with_bearer(&ada, Method::POST, "/api/polls", Some(draft));
    let poll = CreatedPoll::from(app.send(created).await.expect_status(201).json());
    let server = Server::start(app).await;
    let path = Server::stream_path(&poll, "");
    let vote = json!({"type": "vote", "option_id": poll.options[0]});
    let by_bearer = [("authorization", format!("Bearer {ada}"), "invalid_login")];
    let by_cookie = [("cookie", format!("votify_login={bob}"), "not_logged_in")];
    for ((name, value, code), token) in by_bearer.into_iter().chain(by_cookie).zip([&ada, &bob]) {
        let mut socket = Socket::open(&server, &path, &[(name, &value)]).await;
        socket.next_of("poll_updated").await;
        server.app.log_out(token).await.expect_status(204);
        socket.send(vote.clone()).await;
        let rejected = socket.next_of("vote_rejected").await;
        assert_eq!(rejected["code"], code);
        socket.send(json!({"type": "refresh"})).await;
        socket.next_of("poll_updated").await;
    }
    let carol = server.app.token_of("carol").await;
    let value = format!("Bearer {carol}");
    let mut socket = Socket::open(&server, &path, &[("authorization", &value)]).await;
    socket.send(vote).await;
    socket.next_of("vote_confirmed").await;
    assert_eq!(server.app.total(&poll.id).await, 1);
}
