//! Rate limits of registration and login.

use axum::http::Method;
use votify_core::{MemoryAccountStore, Rate};

use super::harness::{PASSWORD, app, app_over, cheap, credentials};
use crate::app::{App, TestResponse, from, request};

async fn post_from(
    app: &App,
    address: &str,
    call: &str,
    name: &str,
    password: &str,
) -> TestResponse {
    let path = format!("/api/auth/{call}");
    let body = Some(credentials(name, password));
    app.send(from(address, request(Method::POST, &path, body)))
        .await
}

#[tokio::test]
async fn password_guesses_are_limited_to_ten_per_user() {
    let app = app();
    app.token_of("ada").await;
    for left in (0..10).rev() {
        let response = app.log_in("ada", "wrong horse").await;
        response.assert_problem(401, "invalid_login");
        assert!(left < 10);
    }
    let before = app.metric("votify_passwords_hashed_total").await;
    // The correct password is not checked any more, in any spelling of the name.
    for name in ["ada", "ADA"] {
        let response = app.log_in(name, PASSWORD).await;
        response.assert_problem(429, "rate_limited");
        assert_eq!(response.header("ratelimit-limit"), "10");
    }
    assert_eq!(app.metric("votify_passwords_hashed_total").await, before);
    // The limit applies neither to another user of that address nor to the user at
    // another address.
    app.log_in("bob", "wrong horse")
        .await
        .assert_problem(401, "invalid_login");
    post_from(&app, "192.0.2.2", "login", "ada", PASSWORD)
        .await
        .expect_status(200);
    app.clock.advance(120);
    app.log_in("ada", PASSWORD).await.expect_status(200);
}

#[tokio::test]
async fn password_spraying_is_limited_per_address() {
    let accounts = cheap(MemoryAccountStore::new()).address_login_rate(Some(Rate::per_minute(5)));
    let app = app_over(accounts, |router| router);
    for number in 0..5 {
        app.log_in(&format!("user{number}"), PASSWORD)
            .await
            .assert_problem(401, "invalid_login");
    }
    app.log_in("user5", PASSWORD)
        .await
        .assert_problem(429, "rate_limited");
    // The addresses of one IPv6 network share one limit.
    for number in 0..6 {
        let address = format!("2001:db8::{number}");
        let response = post_from(&app, &address, "login", &format!("user{number}"), PASSWORD).await;
        let code = if number < 5 { 401 } else { 429 };
        assert_eq!(response.status.as_u16(), code, "{}", response.text);
    }
}

#[tokio::test]
async fn registrations_are_limited_per_address() {
    let accounts = cheap(MemoryAccountStore::new()).register_rate(Some(Rate::per_minute(3)));
    let app = app_over(accounts, |router| router);
    for number in 0..3 {
        app.token_of(&format!("user{number}")).await;
    }
    let body = credentials("user3", PASSWORD);
    app.post("/api/auth/register", body)
        .await
        .assert_problem(429, "rate_limited");
    post_from(&app, "192.0.2.2", "register", "user3", PASSWORD)
        .await
        .expect_status(201);
    app.log_in("user1", PASSWORD).await.expect_status(200);
}
