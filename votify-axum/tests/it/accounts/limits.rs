//! How often one may try.

use axum::http::Method;
use votify_core::{MemoryAccountStore, Quota};

use super::scene::{PASSWORD, app, app_over, cheap, credentials};
use crate::app::{Answer, App, from, request};

async fn post_from(app: &App, address: &str, call: &str, name: &str, password: &str) -> Answer {
    let path = format!("/api/auth/{call}");
    let body = Some(credentials(name, password));
    app.send(from(address, request(Method::POST, &path, body)))
        .await
}

#[tokio::test]
async fn guessing_one_users_password_ends_after_ten_tries() {
    let app = app();
    app.token_of("ada").await;
    for left in (0..10).rev() {
        let answer = app.log_in("ada", "wrong horse").await;
        answer.is_problem(401, "invalid_login");
        assert!(left < 10);
    }
    let before = app.number("votify_passwords_hashed_total").await;
    // The right password is no longer looked at, however the name is written.
    for name in ["ada", "ADA"] {
        let answer = app.log_in(name, PASSWORD).await;
        answer.is_problem(429, "rate_limited");
        assert_eq!(answer.header("ratelimit-limit"), "10");
    }
    assert_eq!(app.number("votify_passwords_hashed_total").await, before);
    // Neither another user at that address nor the user at another address is held up.
    app.log_in("bob", "wrong horse")
        .await
        .is_problem(401, "invalid_login");
    post_from(&app, "192.0.2.2", "login", "ada", PASSWORD)
        .await
        .ok(200);
    app.clock.advance(120);
    app.log_in("ada", PASSWORD).await.ok(200);
}

#[tokio::test]
async fn one_password_for_many_names_ends_too() {
    let accounts = cheap(MemoryAccountStore::new()).address_quota(Some(Quota::per_minute(5)));
    let app = app_over(accounts, |router| router);
    for number in 0..5 {
        app.log_in(&format!("user{number}"), PASSWORD)
            .await
            .is_problem(401, "invalid_login");
    }
    app.log_in("user5", PASSWORD)
        .await
        .is_problem(429, "rate_limited");
    // Another address of one's own network is the same one in IPv6.
    for number in 0..6 {
        let address = format!("2001:db8::{number}");
        let answer = post_from(&app, &address, "login", &format!("user{number}"), PASSWORD).await;
        let code = if number < 5 { 401 } else { 429 };
        assert_eq!(answer.status.as_u16(), code, "{}", answer.text);
    }
}

#[tokio::test]
async fn accounts_cost_an_address() {
    let accounts = cheap(MemoryAccountStore::new()).register_quota(Some(Quota::per_minute(3)));
    let app = app_over(accounts, |router| router);
    for number in 0..3 {
        app.token_of(&format!("user{number}")).await;
    }
    let body = credentials("user3", PASSWORD);
    app.post("/api/auth/register", body)
        .await
        .is_problem(429, "rate_limited");
    post_from(&app, "192.0.2.2", "register", "user3", PASSWORD)
        .await
        .ok(201);
    app.log_in("user1", PASSWORD).await.ok(200);
}
