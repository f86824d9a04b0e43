//! Changing the password.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};
use votify_core::{AccountStore, MemoryAccountStore, MemoryStore};

use super::harness::{PASSWORD, app, cheap, cookies, credentials, token, with, with_bearer};
use crate::app::{App, SECRET, SharedClock, TestResponse, engine, from, open_router, request};

const NEW: &str = "battery staple";
const PATH: &str = "/api/auth/password";

/// Returns the body that changes [`PASSWORD`].
pub fn change(new: &str) -> Value {
    json!({"current_password": PASSWORD, "new_password": new})
}

async fn post(app: &App, token: &str, body: Value) -> TestResponse {
    app.send(with_bearer(token, Method::POST, PATH, Some(body)))
        .await
}

#[tokio::test]
async fn a_change_ends_all_other_logins() {
    let app = app();
    let (one, bob) = (app.token_of("ada").await, app.token_of("bob").await);
    let other = token(&app.log_in("ada", PASSWORD).await);
    for token in [&one, &other, &bob] {
        app.me(token).await.expect_status(200);
    }
    let changed = post(&app, &one, change(NEW)).await.expect_status(200);
    assert_eq!(changed.header("cache-control"), "no-store");
    let body = changed.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["user"]["name"], "ada");
    assert_eq!(body["expires_at"], app.clock.after(7 * 24 * 3_600));
    for ended in [&one, &other] {
        app.me(ended).await.assert_problem(401, "invalid_login");
    }
    app.me(&token(&changed)).await.expect_status(200);
    app.me(&bob).await.expect_status(200);
    let old = app.log_in("ada", PASSWORD).await;
    old.assert_problem(401, "invalid_login");
    app.log_in("ada", NEW).await.expect_status(200);
    app.log_in("bob", PASSWORD).await.expect_status(200);
    // The ended login changes nothing any more.
    let again = post(&app, &one, change("third password")).await;
    again.assert_problem(401, "invalid_login");
}

#[tokio::test]
async fn a_browser_stays_logged_in_by_its_new_cookie() {
    let app = app();
    let entered = app.post("/api/auth/register", credentials("ada", PASSWORD));
    let old = cookies(&entered.await.expect_status(201));
    let by = |cookie: &str, method, path, body| with(request(method, path, body), "cookie", cookie);
    let changed = by(&old, Method::POST, PATH, Some(change(NEW)));
    let changed = app.send(changed).await.expect_status(200);
    let new = cookies(&changed);
    assert_eq!(new, format!("votify_login={}", token(&changed)));
    let cookie = changed.header("set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Lax;"), "{cookie}");
    let me = by(&new, Method::GET, "/api/auth/me", None);
    app.send(me).await.expect_status(200);
    let me = by(&old, Method::GET, "/api/auth/me", None);
    let ended = app.send(me).await;
    ended.assert_problem(401, "invalid_login");
}

#[tokio::test]
async fn errors_are_at_their_field_and_change_nothing() {
    let app = app();
    let token = app.token_of("ada").await;
    let hashed = async || app.metric("votify_passwords_hashed_total").await;
    let before = hashed().await;
    let long = "x".repeat(257);
    for (body, fields, hashes) in [
        (json!({}), vec!["current_password", "new_password"], 0),
        (json!([]), vec![""], 0),
        (change("short"), vec!["new_password"], 0),
        (change(&long), vec!["new_password"], 0),
        (
            json!({"current_password": 7, "new_password": NEW, "name": "bob"}),
            vec!["current_password", "name"],
            0,
        ),
        (
            json!({"current_password": "wrong horse", "new_password": NEW}),
            vec!["current_password"],
            1,
        ),
        (
            json!({"current_password": "", "new_password": NEW}),
            vec!["current_password"],
            0,
        ),
    ] {
        let before = hashed().await;
        let refused = post(&app, &token, body.clone()).await;
        refused.assert_problem(422, "invalid_account");
        assert_eq!(refused.invalid_fields(), fields, "{body}");
        assert!(refused.headers.get("set-cookie").is_none());
        for secret in ["wrong horse", NEW, &long] {
            assert!(!refused.text.contains(secret), "{}", refused.text);
        }
        assert_eq!(hashed().await, before + hashes, "{body}");
    }
    assert_eq!(hashed().await, before + 1);
    app.me(&token).await.expect_status(200);
    app.log_in("ada", PASSWORD).await.expect_status(200);
}

/// A request without a login is refused before anything is read or hashed, so it reveals no
/// users.
#[tokio::test]
async fn only_logged_in_users_change_their_password() {
    let app = app();
    app.token_of("ada").await;
    let before = app.metric("votify_passwords_hashed_total").await;
    let anonymous = app.post(PATH, change(NEW)).await;
    anonymous.assert_problem(401, "not_logged_in");
    let invalid = post(&app, "a.b.c", change(NEW)).await;
    invalid.assert_problem(401, "invalid_login");
    assert_eq!(app.metric("votify_passwords_hashed_total").await, before);
    app.log_in("ada", PASSWORD).await.expect_status(200);
}

/// A stolen token does not allow more guesses than the login does, from any number of
/// addresses.
#[tokio::test]
async fn guesses_count_as_login_attempts_and_per_user() {
    let app = app();
    let (ada, bob) = (app.token_of("ada").await, app.token_of("bob").await);
    let guess = async |token: &str, address: &str| {
        let body = json!({"current_password": "wrong horse", "new_password": NEW});
        let guess = with_bearer(token, Method::POST, PATH, Some(body));
        app.send(from(address, guess)).await
    };
    for attempt in 0..5 {
        app.log_in("ada", "wrong horse").await;
        let wrong = guess(&ada, "192.0.2.1").await;
        wrong.assert_problem(422, "invalid_account");
        assert!(attempt < 5);
    }
    let before = app.metric("votify_passwords_hashed_total").await;
    let limited = guess(&ada, "192.0.2.1").await;
    limited.assert_problem(429, "rate_limited");
    let right = post(&app, &ada, change(NEW)).await;
    right.assert_problem(429, "rate_limited");
    let login = app.log_in("ada", PASSWORD).await;
    login.assert_problem(429, "rate_limited");
    assert_eq!(app.metric("votify_passwords_hashed_total").await, before);
    for last in 2..=6 {
        let wrong = guess(&ada, &format!("192.0.2.{last}")).await;
        wrong.assert_problem(422, "invalid_account");
    }
    let limited = guess(&ada, "192.0.2.99").await;
    limited.assert_problem(429, "rate_limited");
    // The user logs in elsewhere, and other users are not affected.
    let login = request(
        Method::POST,
        "/api/auth/login",
        Some(credentials("ada", PASSWORD)),
    );
    let login = app.send(from("192.0.2.100", login)).await;
    login.expect_status(200);
    post(&app, &bob, change(NEW)).await.expect_status(200);
    app.clock.advance(120);
    post(&app, &ada, change(NEW)).await.expect_status(200);
}

/// Two instances share one store and one clock.
#[tokio::test]
async fn other_instances_end_the_logins_within_five_seconds() {
    let accounts: Arc<dyn AccountStore> = Arc::new(MemoryAccountStore::new());
    let (polls, clock) = (Arc::new(MemoryStore::new()), SharedClock::new());
    let instance = || {
        let engine = engine(Arc::clone(&polls), &clock, &[SECRET]);
        let router = open_router(engine.clone()).accounts(cheap(Arc::clone(&accounts)));
        App {
            router: router.build(),
            engine,
            clock: clock.clone(),
        }
    };
    let (here, there) = (instance(), instance());
    let (one, other) = (
        here.token_of("ada").await,
        token(&here.log_in("ada", PASSWORD).await),
    );
    there.me(&other).await.expect_status(200);
    let changed = post(&here, &one, change(NEW)).await.expect_status(200);
    here.me(&other).await.assert_problem(401, "invalid_login");
    // The other instance has cached that this login is valid. It changes nothing there.
    there.me(&other).await.expect_status(200);
    let body = json!({"current_password": NEW, "new_password": "third password"});
    let late = post(&there, &other, body).await;
    late.assert_problem(401, "invalid_login");
    clock.advance(5);
    there.me(&other).await.assert_problem(401, "invalid_login");
    there.me(&token(&changed)).await.expect_status(200);
}

/// Of concurrent changes, one succeeds.
#[tokio::test]
async fn concurrent_changes_leave_one_password() {
    let app = app();
    let token = app.token_of("ada").await;
    let passwords: Vec<String> = (0..6).map(|number| format!("password {number}")).collect();
    let changes = passwords.iter().map(|new| post(&app, &token, change(new)));
    let responses = futures_util::future::join_all(changes).await;
    let mut changed = Vec::new();
    for (response, new) in responses.iter().zip(&passwords) {
        match response.status.as_u16() {
            200 => changed.push(new),
            401 => {
                response.assert_problem(401, "invalid_login");
            }
            _ => {
                response.assert_problem(422, "invalid_account");
            }
        }
    }
    assert_eq!(changed.len(), 1, "{responses:?}");
    app.clock.advance(120);
    app.log_in("ada", changed[0]).await.expect_status(200);
}
