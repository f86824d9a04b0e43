//! Registering and logging in.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use votify_axum::PasswordHashing;
use votify_core::MemoryAccountStore;

use super::harness::{PASSWORD, app, app_over, app_with, cheap, cookies, credentials, token, with};
use crate::app::{App, request};

#[tokio::test]
async fn registration_logs_in_and_the_password_logs_in_again() {
    let app = app();
    let response = app
        .post("/api/auth/register", credentials(" Ada ", PASSWORD))
        .await
        .expect_status(201);
    assert_eq!(response.header("cache-control"), "no-store");
    let body = response.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_at"], app.clock.after(7 * 24 * 3_600));
    assert_eq!(body["user"]["name"], "Ada");
    let me = app.me(&token(&response)).await.expect_status(200);
    assert_eq!(me.json(), body["user"]);
    assert_eq!(me.header("cache-control"), "no-store");
    let again = app.log_in("ADA", PASSWORD).await.expect_status(200);
    assert_eq!(again.json()["user"], body["user"]);
    assert_ne!(token(&again), token(&response));
    app.get("/api/auth/me")
        .await
        .assert_problem(401, "not_logged_in");
}

#[tokio::test]
async fn names_are_unique_across_spellings() {
    let app = app();
    app.token_of("Zoë").await;
    for name in ["Zoë", "zoë", "ZOE\u{308}"] {
        app.post("/api/auth/register", credentials(name, PASSWORD))
            .await
            .assert_problem(409, "name_taken");
    }
    app.log_in("zoe\u{308}", PASSWORD).await.expect_status(200);
}

#[tokio::test]
async fn all_registration_errors_are_reported_together() {
    let app = app();
    for (body, fields) in [
        (
            json!({"name": "two words", "password": "short"}),
            vec!["name", "password"],
        ),
        (json!({"name": "", "password": PASSWORD}), vec!["name"]),
        (
            json!({"name": "ada", "password": "x".repeat(257)}),
            vec!["password"],
        ),
        (
            json!({"name": 7, "password": null}),
            vec!["name", "password"],
        ),
        (json!({}), vec!["name", "password"]),
        (
            json!({"name": "ada", "password": PASSWORD, "admin": true}),
            vec!["admin"],
        ),
        (json!([]), vec![""]),
    ] {
        let response = app.post("/api/auth/register", body.clone()).await;
        response.assert_problem(422, "invalid_account");
        assert_eq!(response.invalid_fields(), fields, "{body}");
        assert!(
            !response.text.contains("xxx"),
            "the response contains no password"
        );
    }
    assert_eq!(app.metric("votify_passwords_hashed_total").await, 0);
}

/// An unknown name costs as many hashes as a wrong password. A unit test compares the
/// duration of both hashes.
#[tokio::test]
async fn unknown_names_and_wrong_passwords_get_the_same_response() {
    let app = app();
    app.token_of("ada").await;
    let mut responses = Vec::new();
    for (name, password) in [
        ("ada", "wrong horse"),
        ("bob", "wrong horse"),
        ("bob", PASSWORD),
    ] {
        let before = app.metric("votify_passwords_hashed_total").await;
        let response = app.log_in(name, password).await;
        response.assert_problem(401, "invalid_login");
        assert_eq!(
            response.header("www-authenticate"),
            "Bearer realm=\"votify\""
        );
        assert!(response.headers.get("set-cookie").is_none());
        let after = app.metric("votify_passwords_hashed_total").await;
        assert_eq!(after, before + 1, "{name} {password}");
        let mut headers = response.headers.clone();
        headers.remove("ratelimit-remaining");
        responses.push((headers, response.text));
    }
    assert!(
        responses.windows(2).all(|two| two[0] == two[1]),
        "{responses:?}"
    );
    // Credentials that cannot be registered get the same response without a hash.
    for (name, password) in [("two words", PASSWORD), ("ada", "short"), ("ada", "")] {
        let response = app.log_in(name, password).await;
        assert_eq!(response.text, responses[0].1);
    }
    assert_eq!(app.metric("votify_passwords_hashed_total").await, 4);
}

#[tokio::test]
async fn login_cookies_are_http_only_and_equal_to_the_token() {
    let app = app();
    let at = async |host: &str| {
        let body = Some(credentials("ada", PASSWORD));
        let mut request = request(Method::POST, "/api/auth/login", body);
        request.headers_mut().insert("host", host.parse().unwrap());
        app.send(request).await.expect_status(200)
    };
    app.token_of("ada").await;
    for (host, secure) in [
        ("polls.test", "; Secure"),
        ("192.168.0.7:8080", "; Secure"),
        ("localhost:8080", ""),
        ("127.0.0.1:8080", ""),
        ("[::1]:8080", ""),
    ] {
        let response = at(host).await;
        let expected = format!(
            "votify_login={}; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age=604800",
            token(&response)
        );
        assert_eq!(response.header("set-cookie"), expected);
        let me = with(
            request(Method::GET, "/api/auth/me", None),
            "cookie",
            &cookies(&response),
        );
        assert_eq!(app.send(me).await.expect_status(200).json()["name"], "ada");
    }
}

#[tokio::test]
async fn tls_cookies_use_the_host_prefix() {
    let secure = app_with(|router| router.public_url("https://polls.test".parse().unwrap()));
    let response = secure
        .post("/api/auth/register", credentials("ada", PASSWORD))
        .await
        .expect_status(201);
    let cookie = response.header("set-cookie");
    assert!(cookie.starts_with("__Host-votify_login="), "{cookie}");
    assert!(cookie.contains("; Secure; Path=/;"), "{cookie}");
    let me = |cookie: &str| with(request(Method::GET, "/api/auth/me", None), "cookie", cookie);
    secure
        .send(me(&cookies(&response)))
        .await
        .expect_status(200);
    let planted = format!("votify_login={}", token(&response));
    secure
        .send(me(&planted))
        .await
        .assert_problem(401, "not_logged_in");
}

#[tokio::test]
async fn tokens_expire_after_their_lifetime() {
    let accounts = cheap(MemoryAccountStore::new()).token_lifetime(Duration::from_secs(60));
    let app = app_over(accounts, |router| router);
    let token = app.token_of("ada").await;
    app.clock.advance(59);
    app.me(&token).await.expect_status(200);
    app.clock.advance(1);
    app.me(&token).await.assert_problem(401, "invalid_login");
}

#[tokio::test]
async fn foreign_origins_cannot_register_or_log_in() {
    let app = app();
    app.token_of("ada").await;
    for path in ["register", "login", "logout", "password"] {
        let path = format!("/api/auth/{path}");
        let body = Some(credentials("ada", PASSWORD));
        let foreign = with(
            request(Method::POST, &path, body),
            "origin",
            "https://evil.test",
        );
        app.send(foreign)
            .await
            .assert_problem(403, "origin_not_allowed");
    }
}

#[tokio::test]
async fn account_endpoints_need_an_account_store() {
    let app = App::new();
    for path in ["register", "login", "logout", "password"] {
        app.post(&format!("/api/auth/{path}"), json!({}))
            .await
            .assert_problem(404, "not_found");
    }
    app.get("/api/auth/me")
        .await
        .assert_problem(404, "not_found");
}

/// 500 concurrent logins: queued logins succeed, all others are rejected as `overloaded`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn logins_beyond_the_queue_are_overloaded() {
    let hashing = PasswordHashing::argon2id(1_024, 2, 1).unwrap();
    let accounts = cheap(MemoryAccountStore::new())
        .hashing(hashing.max_concurrent(1).max_queued(4))
        .login_rate(None)
        .address_login_rate(None);
    let app = app_over(accounts, |router| router);
    app.token_of("ada").await;
    let logins: Vec<_> = (0..500)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { app.log_in("ada", PASSWORD).await })
        })
        .collect();
    let (mut accepted, mut rejected) = (0, 0);
    for login in logins {
        let response = login.await.unwrap();
        match response.status.as_u16() {
            200 => accepted += 1,
            _ => {
                response.assert_problem(503, "overloaded");
                rejected += 1;
            }
        }
    }
    // The queue holds 4 logins. A fifth succeeds if the worker takes the first one early.
    assert!(
        accepted >= 4 && rejected > 0,
        "{accepted} accepted, {rejected} rejected"
    );
    assert_eq!(
        app.metric("votify_passwords_hashed_total").await,
        1 + accepted
    );
    assert_eq!(app.metric("votify_logins_overloaded_total").await, rejected);
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn the_page_offers_a_login_only_with_accounts() {
    for (app, expected) in [(app(), true), (App::new(), false)] {
        let page = app.get("/").await.expect_status(200).text;
        assert_eq!(page.contains(">Log in</a>"), expected, "{page}");
    }
}
