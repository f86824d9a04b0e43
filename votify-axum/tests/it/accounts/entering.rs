//! Registering and logging in.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use votify_axum::PasswordHashing;
use votify_core::MemoryAccountStore;

use super::scene::{PASSWORD, app, app_over, app_with, cheap, cookies, credentials, token, with};
use crate::app::{App, request};

#[tokio::test]
async fn who_registers_is_in_and_can_come_again() {
    let app = app();
    let answer = app
        .post("/api/auth/register", credentials(" Ada ", PASSWORD))
        .await
        .ok(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_at"], app.clock.ahead(7 * 24 * 3_600));
    assert_eq!(body["user"]["name"], "Ada");
    let me = app.me(&token(&answer)).await.ok(200);
    assert_eq!(me.json(), body["user"]);
    assert_eq!(me.header("cache-control"), "no-store");
    let again = app.log_in("ADA", PASSWORD).await.ok(200);
    assert_eq!(again.json()["user"], body["user"]);
    assert_ne!(token(&again), token(&answer));
    app.get("/api/auth/me")
        .await
        .is_problem(401, "not_logged_in");
}

#[tokio::test]
async fn a_name_is_taken_once_however_it_is_written() {
    let app = app();
    app.token_of("Zoë").await;
    for name in ["Zoë", "zoë", "ZOE\u{308}"] {
        app.post("/api/auth/register", credentials(name, PASSWORD))
            .await
            .is_problem(409, "name_taken");
    }
    app.log_in("zoe\u{308}", PASSWORD).await.ok(200);
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
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
        let answer = app.post("/api/auth/register", body.clone()).await;
        answer.is_problem(422, "invalid_account");
        assert_eq!(answer.wrong_fields(), fields, "{body}");
        assert!(!answer.text.contains("xxx"), "no password comes back");
    }
    assert_eq!(app.number("votify_passwords_hashed_total").await, 0);
}

/// The same answer after the same work: an unknown name costs as many hashes as a wrong password, and of the same kind
/// (`nobody_costs_what_somebody_does`).
#[tokio::test]
async fn an_unknown_name_looks_like_a_wrong_password() {
    let app = app();
    app.token_of("ada").await;
    let mut answers = Vec::new();
    for (name, password) in [
        ("ada", "wrong horse"),
        ("bob", "wrong horse"),
        ("bob", PASSWORD),
    ] {
        let before = app.number("votify_passwords_hashed_total").await;
        let answer = app.log_in(name, password).await;
        answer.is_problem(401, "invalid_login");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"votify\"");
        assert!(answer.headers.get("set-cookie").is_none());
        let after = app.number("votify_passwords_hashed_total").await;
        assert_eq!(after, before + 1, "{name} {password}");
        let mut headers = answer.headers.clone();
        headers.remove("ratelimit-remaining");
        answers.push((headers, answer.text));
    }
    assert!(
        answers.windows(2).all(|two| two[0] == two[1]),
        "{answers:?}"
    );
    // What nobody can have registered is answered alike, and costs nothing.
    for (name, password) in [("two words", PASSWORD), ("ada", "short"), ("ada", "")] {
        let answer = app.log_in(name, password).await;
        assert_eq!(answer.text, answers[0].1);
    }
    assert_eq!(app.number("votify_passwords_hashed_total").await, 4);
}

#[tokio::test]
async fn the_cookie_is_the_same_login_and_out_of_reach_of_scripts() {
    let app = app();
    let at = async |host: &str| {
        let body = Some(credentials("ada", PASSWORD));
        let mut request = request(Method::POST, "/api/auth/login", body);
        request.headers_mut().insert("host", host.parse().unwrap());
        app.send(request).await.ok(200)
    };
    app.token_of("ada").await;
    for (host, secure) in [
        ("polls.test", "; Secure"),
        ("192.168.0.7:8080", "; Secure"),
        ("localhost:8080", ""),
        ("127.0.0.1:8080", ""),
        ("[::1]:8080", ""),
    ] {
        let answer = at(host).await;
        let expected = format!(
            "votify_login={}; HttpOnly; SameSite=Lax{secure}; Path=/; Max-Age=604800",
            token(&answer)
        );
        assert_eq!(answer.header("set-cookie"), expected);
        let me = with(
            request(Method::GET, "/api/auth/me", None),
            "cookie",
            &cookies(&answer),
        );
        assert_eq!(app.send(me).await.ok(200).json()["name"], "ada");
    }
}

#[tokio::test]
async fn over_tls_no_sibling_can_plant_the_cookie() {
    let secure = app_with(|router| router.public_url("https://polls.test".parse().unwrap()));
    let answer = secure
        .post("/api/auth/register", credentials("ada", PASSWORD))
        .await
        .ok(201);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-votify_login="), "{cookie}");
    assert!(cookie.contains("; Secure; Path=/;"), "{cookie}");
    let me = |cookie: &str| with(request(Method::GET, "/api/auth/me", None), "cookie", cookie);
    secure.send(me(&cookies(&answer))).await.ok(200);
    let planted = format!("votify_login={}", token(&answer));
    secure
        .send(me(&planted))
        .await
        .is_problem(401, "not_logged_in");
}

#[tokio::test]
async fn a_token_holds_as_long_as_it_was_made_for() {
    let accounts = cheap(MemoryAccountStore::new()).token_lifetime(Duration::from_secs(60));
    let app = app_over(accounts, |router| router);
    let token = app.token_of("ada").await;
    app.clock.advance(59);
    app.me(&token).await.ok(200);
    app.clock.advance(1);
    app.me(&token).await.is_problem(401, "invalid_login");
}

#[tokio::test]
async fn foreign_pages_register_and_log_in_nobody() {
    let app = app();
    app.token_of("ada").await;
    for path in ["register", "login", "logout"] {
        let path = format!("/api/auth/{path}");
        let body = Some(credentials("ada", PASSWORD));
        let foreign = with(
            request(Method::POST, &path, body),
            "origin",
            "https://evil.test",
        );
        app.send(foreign)
            .await
            .is_problem(403, "origin_not_allowed");
    }
}

#[tokio::test]
async fn without_accounts_there_are_no_calls_for_them() {
    let app = App::new();
    for path in ["register", "login", "logout"] {
        app.post(&format!("/api/auth/{path}"), json!({}))
            .await
            .is_problem(404, "not_found");
    }
    app.get("/api/auth/me").await.is_problem(404, "not_found");
}

/// 500 at once: as many get in as find a place, all others are told to come later, and what was begun is finished.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_is_let_in_by_turns() {
    let hashing = PasswordHashing::argon2id(1_024, 2, 1).unwrap();
    let accounts = cheap(MemoryAccountStore::new())
        .hashing(hashing.max_concurrent(1).max_queued(4))
        .login_quota(None)
        .address_quota(None);
    let app = app_over(accounts, |router| router);
    app.token_of("ada").await;
    let crowd: Vec<_> = (0..500)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { app.log_in("ada", PASSWORD).await })
        })
        .collect();
    let (mut inside, mut away) = (0, 0);
    for one in crowd {
        let answer = one.await.unwrap();
        match answer.status.as_u16() {
            200 => inside += 1,
            _ => {
                answer.is_problem(503, "overloaded");
                away += 1;
            }
        }
    }
    // Four may wait at least; one more if the first was taken up before the crowd had come.
    assert!(inside >= 4 && away > 0, "{inside} in, {away} away");
    assert_eq!(
        app.number("votify_passwords_hashed_total").await,
        1 + inside
    );
    assert_eq!(app.number("votify_logins_overloaded_total").await, away);
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn the_page_lets_people_in_where_there_are_accounts() {
    for (app, told) in [(app(), "yes"), (App::new(), "no")] {
        let page = app.get("/").await.ok(200).text;
        assert!(
            page.contains(&format!("data-accounts=\"{told}\"")),
            "{page}"
        );
        let script = app.get("/votify-account.js").await.ok(200);
        assert_eq!(
            script.header("content-type"),
            "text/javascript; charset=utf-8"
        );
    }
}
