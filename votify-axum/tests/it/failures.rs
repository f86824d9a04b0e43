use async_trait::async_trait;
use axum::http::Method;
use axum::http::request::Parts;
use serde_json::json;
use votify_axum::{Identity, IdentityError, VotifyRouter};
use votify_core::engine::EngineConfig;
use votify_core::voter::AccountId;
use votify_core::{Keyring, PollEngine};

use crate::app::{Answer, App, SECRET, request};
use crate::browser::Browser;
use crate::failing_store::{FailingStore, Fault, SECRET_WORDS};
use crate::log::Log;

const BALLOT: &str = "0190b6e2-1111-4000-8000-00000000000a";

fn says_nothing_of_the_store(answer: &Answer) {
    assert!(
        !answer.text.contains(SECRET_WORDS) && !answer.text.contains("failing"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_store_that_is_away_is_503_everywhere_and_the_retry_counts_once() {
    let store = FailingStore::default();
    let app = App::over(store.clone(), |router| router);
    let mut owner = Browser::new(&app);
    let poll = owner.make(json!({})).await;
    let mut browser = Browser::new(&app);
    store.set(Fault::Unavailable);
    let vote = browser.vote_as(&poll, 0, BALLOT).await;
    vote.is_problem(503, "store_unavailable");
    let wait: u64 = vote.header("retry-after").parse().unwrap();
    assert!((1..=3).contains(&wait));
    says_nothing_of_the_store(&vote);
    for (method, path, body) in [
        (
            Method::POST,
            "/api/polls".to_owned(),
            Some(json!({"title": "t", "options": ["a", "b"]})),
        ),
        (Method::GET, "/api/polls".to_owned(), None),
        (Method::GET, "/api/trending".to_owned(), None),
        (Method::GET, poll.at(""), None),
        (Method::PATCH, poll.at(""), Some(json!({"title": "x"}))),
        (Method::POST, poll.at("/close"), None),
        (Method::DELETE, poll.at(""), None),
        (Method::GET, poll.at("/results"), None),
        (Method::GET, poll.at("/vote"), None),
        (Method::DELETE, poll.at("/vote"), None),
    ] {
        let answer = owner.call(method.clone(), &path, body).await;
        answer.is_problem(503, "store_unavailable");
        assert!(
            answer.headers.contains_key("retry-after"),
            "{method} {path}"
        );
        says_nothing_of_the_store(&answer);
    }
    let ready = app.get("/readyz").await.ok(503).json();
    assert_eq!(ready["ready"], false);
    app.get("/healthz").await.ok(200);
    store.set(Fault::None);
    app.get("/readyz").await.ok(200);
    browser.vote_as(&poll, 0, BALLOT).await.ok(201);
    assert_eq!(app.total(&poll.id).await, 1);
}

#[tokio::test]
async fn a_vote_without_an_id_whose_outcome_is_unknown_leaves_a_session() {
    let store = FailingStore::default();
    let app = App::over(store.clone(), |router| router);
    let poll = Browser::new(&app).make(json!({})).await;
    let mut browser = Browser::new(&app);
    store.set(Fault::Unavailable);
    browser
        .vote(&poll, 0)
        .await
        .is_problem(503, "store_unavailable");
    store.set(Fault::None);
    assert!(
        browser.cookie.is_some(),
        "so that sending it again is the same voter"
    );
    browser.vote(&poll, 0).await.ok(201);
    browser
        .vote(&poll, 0)
        .await
        .is_problem(409, "already_voted");
}

#[tokio::test]
async fn damage_is_internal_and_its_words_stay_in_the_log() {
    let store = FailingStore::default();
    let app = App::over(store.clone(), |router| router);
    let poll = Browser::new(&app).make(json!({})).await;
    store.set(Fault::Corrupt);
    let answer = app.get(&poll.at("")).await;
    let body = answer.is_problem(500, "internal");
    assert!(
        body["id"]
            .as_str()
            .unwrap()
            .parse::<votify_core::PollId>()
            .is_ok(),
        "an id to find it by"
    );
    says_nothing_of_the_store(&answer);
}

#[tokio::test]
async fn more_votes_than_the_engine_takes_are_503_at_once() {
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
    app.router = VotifyRouter::new(engine.clone()).vote_quota(None).build();
    app.engine = engine;
    let poll = Browser::new(&app).make(json!({})).await;
    store.set(Fault::Stuck);
    let votes = (0..8).map(|_| {
        let (mut browser, poll) = (Browser::new(&app), poll.clone());
        async move { browser.vote(&poll, 0).await }
    });
    let mut codes = Vec::new();
    for answer in futures_util::future::join_all(votes).await {
        assert!(answer.headers.contains_key("retry-after"));
        assert_eq!(answer.status, 503, "{}", answer.text);
        codes.push(answer.json()["code"].as_str().unwrap().to_owned());
    }
    assert!(codes.iter().any(|code| code == "overloaded"), "{codes:?}");
    app.engine.shutdown().await;
    Browser::new(&app)
        .vote(&poll, 0)
        .await
        .is_problem(503, "overloaded");
}

#[derive(Debug)]
struct Panics;

#[async_trait]
impl Identity for Panics {
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
        assert!(!request.headers.contains_key("x-boom"), "{SECRET_WORDS}");
        Ok(None)
    }
}

#[tokio::test]
async fn a_panic_is_internal_and_its_id_stands_in_the_log() {
    let app = App::with(|router| router.identity(Panics));
    let boom = || {
        let mut request = request(Method::GET, "/api/polls", None);
        request.headers_mut().insert("x-boom", "1".parse().unwrap());
        app.send(request)
    };
    // tracing remembers for each place in the code whether anybody listens. Another test may be the first to come by
    // there, just while this one begins to listen; so it is passed once before.
    boom().await;
    let log = Log::default();
    let guard = tracing::subscriber::set_default(log.clone());
    let answer = boom().await;
    drop(guard);
    let body = answer.is_problem(500, "internal");
    says_nothing_of_the_store(&answer);
    let log = log.text();
    assert!(
        log.contains(body["id"].as_str().unwrap()) && log.contains(SECRET_WORDS),
        "{log}"
    );
    app.get("/api/polls").await.ok(200);
}

#[tokio::test]
async fn without_addresses_ip_polls_are_refused_and_say_why() {
    let app = App::new();
    let poll = Browser::new(&app).make(json!({"voters": "ip"})).await;
    let bare = |method: Method, path: &str, body| {
        let mut request = request(method, path, Some(body));
        request.extensions_mut().clear();
        request
    };
    let new = json!({"title": "t", "options": ["a", "b"], "voters": "ip"});
    let answer = app.send(bare(Method::POST, "/api/polls", new)).await;
    answer.is_problem(422, "invalid_poll");
    assert_eq!(answer.wrong_fields(), ["voters"]);
    let vote = json!({"option_id": poll.options[0]});
    let answer = app.send(bare(Method::POST, &poll.at("/vote"), vote)).await;
    let body = answer.is_problem(500, "internal");
    assert!(body["detail"].as_str().unwrap().contains("address"));
    let browsers = Browser::new(&app).make(json!({})).await;
    for n in 0..11 {
        let vote = json!({"option_id": browsers.options[0]});
        let answer = app
            .send(bare(Method::POST, &browsers.at("/vote"), vote))
            .await;
        // The vote above was an attempt of the same unknown address.
        assert_eq!(answer.status, if n < 9 { 201 } else { 429 });
    }
}
