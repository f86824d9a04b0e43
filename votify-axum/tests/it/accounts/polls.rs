//! Polls and votes of accounts.

use axum::http::Method;
use serde_json::json;

use super::harness::{PASSWORD, app, cookies, credentials, token, with, with_bearer};
use crate::app::{App, request};

async fn poll(app: &App, token: &str) -> (String, String) {
    let draft = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "account"});
    let created = with_bearer(token, Method::POST, "/api/polls", Some(draft));
    let created = app.send(created).await.expect_status(201).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&created["id"]), text(&created["options"][0]["id"]))
}

#[tokio::test]
async fn an_account_has_one_vote_from_any_client() {
    let app = app();
    let ada = app.token_of("ada").await;
    let (id, option) = poll(&app, &ada).await;
    let path = format!("/api/polls/{id}/vote");
    let ballot = json!({"option_id": option});
    app.post(&path, ballot.clone())
        .await
        .assert_problem(401, "not_logged_in");
    let vote = |token: &str| with_bearer(token, Method::POST, &path, Some(ballot.clone()));
    app.send(vote(&ada)).await.expect_status(201);
    let again = crate::app::from("192.0.2.9", vote(&ada));
    app.send(again).await.assert_problem(409, "already_voted");
    // A second login of the same account, by cookie, is the same voter.
    let browser = app.log_in("ada", PASSWORD).await.expect_status(200);
    let by_cookie = with(
        request(Method::POST, &path, Some(ballot.clone())),
        "cookie",
        &cookies(&browser),
    );
    app.send(by_cookie)
        .await
        .assert_problem(409, "already_voted");
    let bob = app.token_of("bob").await;
    app.send(vote(&bob)).await.expect_status(201);
    assert_eq!(app.total(&id).await, 2);
    // A revoked token cannot vote.
    app.log_out(&bob).await.expect_status(204);
    app.send(vote(&bob))
        .await
        .assert_problem(401, "invalid_login");
}

#[tokio::test]
async fn an_account_owns_its_polls_in_every_browser() {
    let app = app();
    let (ada, bob) = (app.token_of("ada").await, app.token_of("bob").await);
    let (id, _) = poll(&app, &ada).await;
    let path = format!("/api/polls/{id}/close");
    app.post(&path, json!({}))
        .await
        .assert_problem(403, "not_owner");
    app.send(with_bearer(&bob, Method::POST, &path, None))
        .await
        .assert_problem(403, "not_owner");
    let again = app.log_in("ada", PASSWORD).await.expect_status(200);
    let elsewhere = with(
        request(Method::POST, &path, None),
        "cookie",
        &cookies(&again),
    );
    app.send(elsewhere).await.expect_status(200);
}

/// A browser still owns the polls that it created before its login, also after a logout.
#[tokio::test]
async fn session_polls_stay_owned_after_login() {
    let app = app();
    let created = app
        .post("/api/polls", json!({"title": "t", "options": ["a", "b"]}))
        .await
        .expect_status(201);
    let session = cookies(&created);
    let enter = with(
        request(
            Method::POST,
            "/api/auth/register",
            Some(credentials("ada", PASSWORD)),
        ),
        "cookie",
        &session,
    );
    let login = app.send(enter).await.expect_status(201);
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let delete = |cookie: &str| {
        with(
            request(Method::DELETE, &format!("/api/polls/{id}"), None),
            "cookie",
            cookie,
        )
    };
    app.log_out(&token(&login)).await.expect_status(204);
    app.send(delete(&cookies(&login)))
        .await
        .assert_problem(403, "not_owner");
    app.send(delete(&session)).await.expect_status(204);
}

/// The origin check covers writes that a cookie authenticates.
#[tokio::test]
async fn foreign_origins_cannot_write_with_a_login_cookie() {
    let app = app();
    let entered = app
        .post("/api/auth/register", credentials("ada", PASSWORD))
        .await
        .expect_status(201);
    let ada = token(&entered);
    let (id, option) = poll(&app, &ada).await;
    for (method, path, body) in [
        (
            Method::POST,
            format!("/api/polls/{id}/vote"),
            Some(json!({"option_id": option})),
        ),
        (Method::POST, format!("/api/polls/{id}/close"), None),
        (Method::DELETE, format!("/api/polls/{id}"), None),
        (Method::POST, "/api/auth/logout".into(), None),
    ] {
        for origin in ["https://evil.test", "null", "http://polls.test.evil.test"] {
            let foreign = with(
                request(method.clone(), &path, body.clone()),
                "cookie",
                &cookies(&entered),
            );
            let foreign = with(foreign, "origin", origin);
            app.send(foreign)
                .await
                .assert_problem(403, "origin_not_allowed");
        }
    }
    assert_eq!(app.total(&id).await, 0);
    app.me(&ada).await.expect_status(200);
}
