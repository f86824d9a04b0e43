//! What accounts are for.

use axum::http::Method;
use serde_json::json;

use super::scene::{PASSWORD, app, bearing, cookies, credentials, with};
use crate::app::{App, request};

async fn poll(app: &App, token: &str) -> (String, String) {
    let draft = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "account"});
    let made = bearing(token, Method::POST, "/api/polls", Some(draft));
    let made = app.send(made).await.ok(201).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&made["id"]), text(&made["options"][0]["id"]))
}

#[tokio::test]
async fn an_account_has_one_vote_wherever_it_votes_from() {
    let app = app();
    let ada = app.token_of("ada").await;
    let (id, option) = poll(&app, &ada).await;
    let path = format!("/api/polls/{id}/vote");
    let ballot = json!({"option_id": option});
    app.post(&path, ballot.clone())
        .await
        .is_problem(401, "not_logged_in");
    let vote = |token: &str| bearing(token, Method::POST, &path, Some(ballot.clone()));
    app.send(vote(&ada)).await.ok(201);
    let again = crate::app::from("192.0.2.9", vote(&ada));
    app.send(again).await.is_problem(409, "already_voted");
    // Another log-in of the same account is the same voter, by a cookie too.
    let browser = app.log_in("ada", PASSWORD).await.ok(200);
    let by_cookie = with(
        request(Method::POST, &path, Some(ballot.clone())),
        "cookie",
        &cookies(&browser),
    );
    app.send(by_cookie).await.is_problem(409, "already_voted");
    let bob = app.token_of("bob").await;
    app.send(vote(&bob)).await.ok(201);
    assert_eq!(app.total(&id).await, 2);
    // A token that does not hold is no voter.
    app.log_out(&bob).await.ok(204);
    app.send(vote(&bob)).await.is_problem(401, "invalid_login");
}

#[tokio::test]
async fn an_account_owns_what_it_made_from_every_browser() {
    let app = app();
    let (ada, bob) = (app.token_of("ada").await, app.token_of("bob").await);
    let (id, _) = poll(&app, &ada).await;
    let path = format!("/api/polls/{id}/close");
    app.post(&path, json!({}))
        .await
        .is_problem(403, "not_owner");
    app.send(bearing(&bob, Method::POST, &path, None))
        .await
        .is_problem(403, "not_owner");
    let again = app.log_in("ada", PASSWORD).await.ok(200);
    let elsewhere = with(
        request(Method::POST, &path, None),
        "cookie",
        &cookies(&again),
    );
    app.send(elsewhere).await.ok(200);
}

/// A poll that a browser made before it logged in stays its own.
#[tokio::test]
async fn after_logging_in_both_session_and_account_count() {
    let app = app();
    let made = app
        .post("/api/polls", json!({"title": "t", "options": ["a", "b"]}))
        .await
        .ok(201);
    let session = cookies(&made);
    let enter = with(
        request(
            Method::POST,
            "/api/auth/register",
            Some(credentials("ada", PASSWORD)),
        ),
        "cookie",
        &session,
    );
    let login = cookies(&app.send(enter).await.ok(201));
    let both = format!("{session}; {login}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let delete = |cookie: &str| {
        with(
            request(Method::DELETE, &format!("/api/polls/{id}"), None),
            "cookie",
            cookie,
        )
    };
    app.send(delete(&login)).await.is_problem(403, "not_owner");
    app.send(delete(&both)).await.ok(204);
}

/// Writes that a cookie vouches for are covered by the origin check.
#[tokio::test]
async fn foreign_pages_write_nothing_with_a_visitors_login() {
    let app = app();
    let entered = app
        .post("/api/auth/register", credentials("ada", PASSWORD))
        .await
        .ok(201);
    let ada = super::scene::token(&entered);
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
                .is_problem(403, "origin_not_allowed");
        }
    }
    assert_eq!(app.total(&id).await, 0);
    app.me(&ada).await.ok(200);
}
