//! An account owns what its browser's session created.

use axum::http::Method;
use serde_json::{Value, json};

use super::harness::{
    PASSWORD, app, app_over, app_with, cheap, cookies, credentials, token, with, with_bearer,
};
use crate::app::{App, TestResponse, request};
use crate::browser::Browser;
use crate::failing_store::{FailingStore, Fault};
use votify_core::MemoryAccountStore;

/// Creates a poll without a login. Returns its id and the cookie of the session.
async fn create_poll(app: &App) -> (String, String) {
    let body = json!({"title": "t", "options": ["a", "b"]});
    let created = app.post("/api/polls", body).await.expect_status(201);
    let id = created.json()["id"].as_str().unwrap().to_owned();
    (id, cookies(&created))
}

async fn call(app: &App, method: Method, path: &str, cookie: &str) -> TestResponse {
    app.send(with(request(method, path, None), "cookie", cookie))
        .await
}

/// Calls an endpoint for accounts from the browser with this cookie.
async fn enter(app: &App, path: &str, name: &str, cookie: &str) -> TestResponse {
    let body = Some(credentials(name, PASSWORD));
    let entry = request(Method::POST, path, body);
    app.send(with(entry, "cookie", cookie)).await
}

async fn owns(app: &App, id: &str, cookie: &str) -> bool {
    let me = call(app, Method::GET, &format!("/api/polls/{id}/me"), cookie).await;
    let owner = me.expect_status(200).json()["owner"].as_bool().unwrap();
    let own = call(app, Method::GET, "/api/polls?owner=me", cookie).await;
    let own = own.expect_status(200).json();
    let own = own["polls"].as_array().unwrap();
    assert_eq!(own.iter().any(|poll| poll["id"] == *id), owner);
    owner
}

#[tokio::test]
async fn registering_claims_the_session() {
    let app = app();
    let (id, session) = create_poll(&app).await;
    let registered = enter(&app, "/api/auth/register", "ada", &session).await;
    let login = cookies(&registered.expect_status(201));
    assert!(
        owns(&app, &id, &login).await,
        "the browser's session is gone"
    );
    // The owner logs in elsewhere.
    let elsewhere = app.log_in("ada", PASSWORD).await.expect_status(200);
    let close = format!("/api/polls/{id}/close");
    let closed = call(&app, Method::POST, &close, &cookies(&elsewhere)).await;
    closed.expect_status(200);
}

#[tokio::test]
async fn logging_in_claims_the_session() {
    let app = app();
    app.token_of("ada").await;
    let (id, session) = create_poll(&app).await;
    let refused = request(
        Method::POST,
        "/api/auth/login",
        Some(credentials("ada", "wrong horse")),
    );
    let refused = app.send(with(refused, "cookie", &session)).await;
    refused.assert_problem(401, "invalid_login");
    let elsewhere = cookies(&app.log_in("ada", PASSWORD).await.expect_status(200));
    assert!(!owns(&app, &id, &elsewhere).await);
    let login = enter(&app, "/api/auth/login", "ada", &session).await;
    login.expect_status(200);
    assert!(owns(&app, &id, &elsewhere).await);
    // Others own nothing of it, and the session still does.
    let bob = app
        .post("/api/auth/register", credentials("bob", PASSWORD))
        .await;
    assert!(!owns(&app, &id, &cookies(&bob.expect_status(201))).await);
    assert!(owns(&app, &id, &session).await);
}

/// Reads the state of the caller with a token and the cookie of a session.
async fn prove_both(app: &App, id: &str, token: &str, session: &str) {
    let path = format!("/api/polls/{id}/me");
    let both = with_bearer(token, Method::GET, &path, None);
    let state = app.send(with(both, "cookie", session)).await;
    state.expect_status(200);
}

#[tokio::test]
async fn the_first_request_that_proves_both_claims_the_session() {
    let app = app();
    let registered = app
        .post("/api/auth/register", credentials("ada", PASSWORD))
        .await;
    let (login, token) = (cookies(&registered), token(&registered));
    let (id, session) = create_poll(&app).await;
    assert!(!owns(&app, &id, &login).await);
    prove_both(&app, &id, &token, &session).await;
    assert!(owns(&app, &id, &login).await);
    // A forged session proves nothing.
    let (other, session) = create_poll(&app).await;
    prove_both(&app, &other, &token, &format!("{}x", session.trim_end())).await;
    assert!(!owns(&app, &other, &login).await);
}

/// Over plain HTTP and below a path, another domain can set a login cookie of its own in a
/// stranger's browser. It must not take the stranger's polls over.
#[tokio::test]
async fn a_planted_login_claims_no_session() {
    for (public_url, claims) in [
        (None, false),
        (Some("https://polls.test/votes"), false),
        (Some("https://polls.test"), true),
    ] {
        let app = app_with(|router| match public_url {
            Some(url) => router.public_url(url.parse().unwrap()),
            None => router,
        });
        let registered = app
            .post("/api/auth/register", credentials("mallory", PASSWORD))
            .await;
        let planted = cookies(&registered.expect_status(201));
        let (id, session) = create_poll(&app).await;
        let both = format!("{session}; {planted}");
        for path in [format!("/api/polls/{id}/me"), "/api/polls?owner=me".into()] {
            call(&app, Method::GET, &path, &both)
                .await
                .expect_status(200);
        }
        assert_eq!(owns(&app, &id, &planted).await, claims, "{public_url:?}");
    }
}

#[tokio::test]
async fn a_claim_includes_later_polls_of_the_session() {
    let app = app();
    let mut browser = Browser::new(&app);
    browser.create_poll(json!({})).await;
    let session = browser.cookie.clone().unwrap();
    let login = enter(&app, "/api/auth/register", "ada", &session).await;
    let login = cookies(&login.expect_status(201));
    let later = browser.create_poll(json!({})).await;
    assert!(owns(&app, &later.id, &login).await);
}

/// Requests succeed without the claim, which is made up for later.
#[tokio::test]
async fn a_failed_claim_is_tried_again() {
    let store = FailingStore::default();
    let accounts = cheap(MemoryAccountStore::new());
    let app = App::over(store.clone(), |router| router.accounts(accounts));
    let (id, session) = create_poll(&app).await;
    store.set(Fault::Unavailable);
    let registered = enter(&app, "/api/auth/register", "ada", &session).await;
    let registered = registered.expect_status(201);
    let (login, token) = (cookies(&registered), token(&registered));
    store.set(Fault::None);
    assert!(!owns(&app, &id, &login).await);
    prove_both(&app, &id, &token, &session).await;
    assert!(owns(&app, &id, &login).await);
}

/// The polls themselves do not change.
#[tokio::test]
async fn a_claim_changes_no_poll() {
    let app = app_over(cheap(MemoryAccountStore::new()), |router| router);
    let (id, session) = create_poll(&app).await;
    let path = format!("/api/polls/{id}");
    let before: Value = app.get(&path).await.json();
    enter(&app, "/api/auth/register", "ada", &session).await;
    assert_eq!(app.get(&path).await.json(), before);
}
