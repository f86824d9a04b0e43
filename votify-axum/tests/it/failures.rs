use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Method;
use axum::http::request::Parts;
use serde_json::json;
use votify_axum::{Identity, IdentityError};
use votify_core::engine::EngineConfig;
use votify_core::voter::AccountId;
use votify_core::{Keyring, MemoryStore, PollEngine};

use crate::app::{App, SECRET, SharedClock, TestResponse, engine, open_router, request};
use crate::browser::Browser;
use crate::failing_store::{FailingStore, Fault, INTERNAL_DETAIL};
use crate::log_capture::LogCapture;
use crate::server::Server;
use crate::stream_clients::Socket;

const BALLOT: &str = "0190b6e2-1111-4000-8000-00000000000a";

fn assert_no_store_details(response: &TestResponse) {
    assert!(
        !response.text.contains(INTERNAL_DETAIL) && !response.text.contains("failing"),
        "{}",
        response.text
    );
}

#[tokio::test]
async fn an_unavailable_store_returns_503_and_the_retry_counts_once() {
    let store = FailingStore::default();
    let app = App::over(store.clone(), |router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let mut browser = Browser::new(&app);
    store.set(Fault::Unavailable);
    let vote = browser.vote_as(&poll, 0, BALLOT).await;
    vote.assert_problem(503, "store_unavailable");
    let wait: u64 = vote.header("retry-after").parse().unwrap();
    assert!((1..=3).contains(&wait));
    assert_no_store_details(&vote);
    for (method, path, body) in [
        (
            Method::POST,
            "/api/polls".to_owned(),
            Some(json!({"title": "t", "options": ["a", "b"]})),
        ),
        (Method::GET, "/api/polls".to_owned(), None),
        (Method::GET, "/api/trending".to_owned(), None),
        (Method::GET, poll.path(""), None),
        (Method::PATCH, poll.path(""), Some(json!({"title": "x"}))),
        (Method::POST, poll.path("/close"), None),
        (Method::DELETE, poll.path(""), None),
        (Method::GET, poll.path("/results"), None),
        (Method::GET, poll.path("/vote"), None),
        (Method::DELETE, poll.path("/vote"), None),
    ] {
        let response = owner.call(method.clone(), &path, body).await;
        response.assert_problem(503, "store_unavailable");
        assert!(
            response.headers.contains_key("retry-after"),
            "{method} {path}"
        );
        assert_no_store_details(&response);
    }
    let ready = app.get("/readyz").await.expect_status(503).json();
    assert_eq!(ready["ready"], false);
    app.get("/healthz").await.expect_status(200);
    store.set(Fault::None);
    app.get("/readyz").await.expect_status(200);
    browser.vote_as(&poll, 0, BALLOT).await.expect_status(201);
    assert_eq!(app.total(&poll.id).await, 1);
}

#[tokio::test]
async fn a_failed_vote_without_ballot_id_sets_a_session() {
    let store = FailingStore::default();
    let app = App::over(store.clone(), |router| router);
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let mut browser = Browser::new(&app);
    store.set(Fault::Unavailable);
    browser
        .vote(&poll, 0)
        .await
        .assert_problem(503, "store_unavailable");
    store.set(Fault::None);
    assert!(
        browser.cookie.is_some(),
        "the cookie identifies the voter of the retry"
    );
    browser.vote(&poll, 0).await.expect_status(201);
    browser
        .vote(&poll, 0)
        .await
        .assert_problem(409, "already_voted");
}

#[tokio::test]
async fn corrupt_data_returns_500_without_details() {
    let store = FailingStore::default();
    let app = App::over(store.clone(), |router| router);
    let poll = Browser::new(&app).create_poll(json!({})).await;
    store.set(Fault::Corrupt);
    let response = app.get(&poll.path("")).await;
    let body = response.assert_problem(500, "internal");
    assert!(
        body["id"]
            .as_str()
            .unwrap()
            .parse::<votify_core::PollId>()
            .is_ok(),
        "the response contains an id for the log"
    );
    assert_no_store_details(&response);
}

#[tokio::test]
async fn votes_beyond_the_queue_return_503() {
    let store = FailingStore::default();
    let engine = PollEngine::builder(store.clone())
        .keyring(Keyring::new([SECRET]).unwrap())
        .config(EngineConfig {
            max_queued_ballots: 1,
            max_batch_size: 1,
            ..EngineConfig::default()
        })
        .build();
    let mut app = App::new();
    app.router = open_router(engine.clone()).vote_rate(None).build();
    app.engine = engine;
    let poll = Browser::new(&app).create_poll(json!({})).await;
    store.set(Fault::Stuck);
    let votes = (0..8).map(|_| {
        let (mut browser, poll) = (Browser::new(&app), poll.clone());
        async move { browser.vote(&poll, 0).await }
    });
    let mut codes = Vec::new();
    for response in futures_util::future::join_all(votes).await {
        assert!(response.headers.contains_key("retry-after"));
        assert_eq!(response.status, 503, "{}", response.text);
        codes.push(response.json()["code"].as_str().unwrap().to_owned());
    }
    assert!(codes.iter().any(|code| code == "overloaded"), "{codes:?}");
    app.engine.shutdown().await;
    Browser::new(&app)
        .vote(&poll, 0)
        .await
        .assert_problem(503, "overloaded");
}

/// Panics for requests with the header `x-panic`.
#[derive(Debug)]
pub struct Panics;

#[async_trait]
impl Identity for Panics {
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
        assert!(
            !request.headers.contains_key("x-panic"),
            "{INTERNAL_DETAIL}"
        );
        Ok(None)
    }
}

#[tokio::test]
async fn a_panic_returns_500_with_an_id_from_the_log() {
    let app = App::with(|router| router.identity(Panics));
    let panicking_request = || {
        let mut request = request(Method::GET, "/api/polls", None);
        request
            .headers_mut()
            .insert("x-panic", "1".parse().unwrap());
        app.send(request)
    };
    // tracing caches the interest of each callsite. Another test may register this
    // callsite while this test installs its subscriber, so the callsite is registered
    // before.
    panicking_request().await;
    let log = LogCapture::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let response = panicking_request().await;
    drop(guard);
    let body = response.assert_problem(500, "internal");
    assert_no_store_details(&response);
    let log = log.text();
    assert!(
        log.contains(body["id"].as_str().unwrap()) && log.contains(INTERNAL_DETAIL),
        "{log}"
    );
    app.get("/api/polls").await.expect_status(200);
}

#[tokio::test]
async fn ip_polls_without_client_addresses_are_rejected() {
    let app = App::new();
    let poll = Browser::new(&app)
        .create_poll(json!({"voters": "ip"}))
        .await;
    let bare = |method: Method, path: &str, body| {
        let mut request = request(method, path, Some(body));
        request.extensions_mut().clear();
        request
    };
    let new = json!({"title": "t", "options": ["a", "b"], "voters": "ip"});
    let response = app.send(bare(Method::POST, "/api/polls", new)).await;
    response.assert_problem(422, "invalid_poll");
    assert_eq!(response.invalid_fields(), ["voters"]);
    let vote = json!({"option_id": poll.options[0]});
    let response = app
        .send(bare(Method::POST, &poll.path("/vote"), vote))
        .await;
    let body = response.assert_problem(500, "internal");
    assert!(body["detail"].as_str().unwrap().contains("address"));
    let browsers = Browser::new(&app).create_poll(json!({})).await;
    for n in 0..11 {
        let vote = json!({"option_id": browsers.options[0]});
        let response = app
            .send(bare(Method::POST, &browsers.path("/vote"), vote))
            .await;
        // The vote above counts as an attempt of the same unknown address.
        assert_eq!(response.status, if n < 9 { 201 } else { 429 });
    }
}

/// Returns an app on the same store that lacks the secret of the store's polls.
fn app_without_secret(store: &Arc<MemoryStore>) -> App {
    let clock = SharedClock::new();
    let engine = engine(
        Arc::clone(store),
        &clock,
        &["another secret of the tests that is long enough"],
    );
    let router = open_router(engine.clone()).vote_rate(None).build();
    App {
        engine,
        clock,
        router,
    }
}

#[tokio::test]
async fn a_poll_whose_secret_is_missing_is_refused_and_logged_once() {
    let store = Arc::new(MemoryStore::new());
    let app = App::over(Arc::clone(&store), |router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let browsers = owner
        .create_poll(json!({"address_quota": {"ballots": 3}}))
        .await;
    let vote = json!({"option_id": poll.options[0]});
    // Registers the callsite of the log line, as in the test above.
    let first = Browser::new(&app_without_secret(&store))
        .vote(&browsers, 0)
        .await;
    first.assert_problem(503, "poll_key_unknown");

    let app = app_without_secret(&store);
    let log = LogCapture::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let mut browser = Browser::new(&app);
    for poll in [&browsers, &poll] {
        for (method, path, body) in [
            (Method::POST, "/vote", Some(vote.clone())),
            (Method::GET, "/vote", None),
            (Method::DELETE, "/vote", None),
            (Method::PATCH, "", Some(json!({"title": "x"}))),
            (Method::POST, "/close", None),
            (Method::POST, "/invites", Some(json!({"count": 1}))),
            (Method::DELETE, "", None),
        ] {
            let response = browser.call(method.clone(), &poll.path(path), body).await;
            let problem = response.assert_problem(503, "poll_key_unknown");
            assert!(!response.headers.contains_key("retry-after"));
            assert!(
                problem["detail"].as_str().unwrap().contains("secret"),
                "{method} {path}: {problem}"
            );
        }
        browser.get(&poll.path("")).await.expect_status(200);
    }
    drop(guard);
    let log = log.text();
    assert_eq!(
        log.matches("the secret of this poll is missing").count(),
        1,
        "{log}"
    );
    assert!(!log.contains("request failed"), "{log}");
}

#[tokio::test]
async fn a_stream_of_a_poll_whose_secret_is_missing_rejects_votes() {
    let store = Arc::new(MemoryStore::new());
    let app = App::over(Arc::clone(&store), |router| router);
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let server = Server::start(app_without_secret(&store)).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    socket.next_of("poll_updated").await;
    let vote = json!({"type": "vote", "request_id": "a", "option_id": poll.options[0]});
    socket.send(vote).await;
    let rejected = socket.next_of("vote_rejected").await;
    assert_eq!(
        (&rejected["code"], &rejected["status"]),
        (&json!("poll_key_unknown"), &json!(503))
    );
}
