//! Finding polls by their join codes over HTTP.

use std::time::Duration;

use axum::http::request::Parts;
use serde_json::json;
use votify_axum::{Action, Authorize, Denied, VotifyRouter};
use votify_core::{Caller, Rate};

use crate::app::{App, TestResponse};
use crate::browser::{Browser, CreatedPoll};
use crate::failing_store::{FailingStore, Fault};

async fn poll(app: &App) -> (CreatedPoll, String) {
    let poll = Browser::with_address(app, "198.51.100.7")
        .create_poll(json!({"visibility": "unlisted"}))
        .await;
    let code = poll.body["join_code"].as_str().unwrap().to_owned();
    (poll, code)
}

async fn join(app: &App, code: &str) -> TestResponse {
    app.get(&format!("/api/join/{code}")).await
}

/// Returns a code that no poll has.
fn unknown(known: &str) -> &'static str {
    if known == "222222" {
        "333333"
    } else {
        "222222"
    }
}

fn limited(limit: u32) -> impl FnOnce(VotifyRouter) -> VotifyRouter {
    let rate = Rate::new(limit, Duration::from_secs(60)).unwrap();
    move |router| router.join_rate(rate)
}

#[tokio::test]
async fn a_code_leads_to_its_poll_in_any_spelling() {
    let app = App::new();
    let (poll, code) = poll(&app).await;
    let lower = code.to_lowercase();
    let dashed = format!("{}-{}", &code[..3], &lower[3..]);
    let spaced = format!("%20{}%20%20{}", &code[..2], &code[2..]);
    for spelling in [&code, &lower, &dashed, &spaced] {
        let joined = join(&app, spelling).await.expect_status(200);
        let mut expected = json!({"id": poll.id});
        if cfg!(feature = "ui") {
            expected["url"] = json!(format!("/p/{}", poll.id));
        }
        assert_eq!(joined.json(), expected, "{spelling}");
        assert_eq!(joined.header("cache-control"), "private");
        assert!(!joined.headers.contains_key("set-cookie"));
    }
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn the_url_is_absolute_with_a_public_url() {
    let public = "https://example.org/votes".parse().unwrap();
    let app = App::with(|router| {
        router
            .public_url(public)
            .allowed_hosts(["polls.test".parse().unwrap()])
    });
    let (poll, code) = poll(&app).await;
    let joined = join(&app, &code).await.expect_status(200).json();
    let expected = format!("https://example.org/votes/p/{}", poll.id);
    assert_eq!(joined["url"], expected);
}

#[tokio::test]
async fn other_texts_lead_to_no_poll() {
    let app = App::new();
    let (_, code) = poll(&app).await;
    let unknown = join(&app, unknown(&code)).await;
    let problem = unknown.assert_problem(404, "poll_not_found");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("no poll has the join code")
    );
    for text in ["ABC", "ABCDEF2", "ABC0DE", "%F0%9F%91%8D", "%FF", "a%2Fb"] {
        let problem = join(&app, text).await.assert_problem(404, "poll_not_found");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(
            text == "%FF" || detail.contains("6 letters and digits"),
            "{text}: {detail}"
        );
    }
}

#[tokio::test]
async fn a_closed_poll_loses_its_code_after_seven_days() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let code = poll.body["join_code"].as_str().unwrap();
    let closed = owner.post(&poll.path("/close"), json!({})).await;
    closed.expect_status(200);
    app.clock.advance(7 * 86_400 - 5);
    join(&app, code).await.expect_status(200);
    app.clock.advance(10);
    join(&app, code).await.assert_problem(404, "poll_not_found");
}

#[tokio::test]
async fn only_wrong_codes_count_toward_the_limit_of_an_address() {
    let app = App::with(limited(3));
    let (_, code) = poll(&app).await;
    for _ in 0..10 {
        join(&app, &code).await.expect_status(200);
        // No code at all, so that it says nothing about polls.
        join(&app, "ABC")
            .await
            .assert_problem(404, "poll_not_found");
    }
    for left in ["2", "1", "0"] {
        let wrong = join(&app, unknown(&code)).await;
        wrong.assert_problem(404, "poll_not_found");
        assert_eq!(wrong.header("ratelimit-remaining"), left);
    }
    let refused = join(&app, unknown(&code)).await;
    let problem = refused.assert_problem(429, "rate_limited");
    assert!(problem["detail"].as_str().unwrap().contains("--join-rate"));
    // Otherwise an address could go on trying codes.
    join(&app, &code).await.assert_problem(429, "rate_limited");
    let mut other = Browser::with_address(&app, "192.0.2.99");
    other
        .get(&format!("/api/join/{code}"))
        .await
        .expect_status(200);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    app.clock.advance(wait);
    join(&app, &code).await.expect_status(200);
}

#[tokio::test]
async fn concurrent_attempts_do_not_exceed_the_limit() {
    let app = App::with(limited(5));
    let (_, code) = poll(&app).await;
    let wrong = (0..40).map(|_| join(&app, unknown(&code)));
    let answers = futures_util::future::join_all(wrong).await;
    let unknown = answers.iter().filter(|answer| answer.status == 404).count();
    assert_eq!(unknown, 5);
    assert!(
        answers
            .iter()
            .all(|answer| [404, 429].contains(&answer.status.as_u16()))
    );
}

#[tokio::test]
async fn without_a_limit_codes_are_not_counted() {
    let app = App::with(|router| router.join_rate(None));
    let (_, code) = poll(&app).await;
    for _ in 0..150 {
        let wrong = join(&app, unknown(&code)).await;
        wrong.assert_problem(404, "poll_not_found");
        assert!(!wrong.headers.contains_key("ratelimit-limit"));
    }
}

/// Refuses to show any poll.
#[derive(Debug)]
struct NobodyViews;

#[async_trait::async_trait]
impl Authorize for NobodyViews {
    async fn authorize(&self, _: &Parts, _: &Caller, action: Action) -> Result<(), Denied> {
        match action {
            Action::View(_) => Err(Denied::not_allowed("members only")),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_code_shows_only_polls_that_the_caller_may_view() {
    let app = App::with(|router| router.authorize(NobodyViews));
    let (poll, code) = poll(&app).await;
    let refused = join(&app, &code).await;
    refused.assert_problem(403, "not_allowed");
    assert!(!refused.text.contains(&poll.id));
}

#[tokio::test]
async fn a_failing_store_does_not_count_as_a_wrong_code() {
    let store = FailingStore::default();
    let app = App::over(store.clone(), limited(1));
    let (_, code) = poll(&app).await;
    store.set(Fault::Unavailable);
    for _ in 0..3 {
        join(&app, &code)
            .await
            .assert_problem(503, "store_unavailable");
    }
    store.set(Fault::None);
    join(&app, &code).await.expect_status(200);
}
