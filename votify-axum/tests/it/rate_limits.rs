use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Method;
use serde_json::json;
use votify_core::limit::{LimitError, LimitKey, RateDecision};
use votify_core::{Rate, RateLimiter};

use crate::app::App;
use crate::browser::Browser;

#[tokio::test]
async fn clients_without_cookie_have_ten_attempts_a_minute_per_address() {
    let app = App::new();
    let poll = Browser::with_address(&app, "198.51.100.1")
        .create_poll(json!({}))
        .await;
    for n in 0..10 {
        let response = Browser::new(&app).vote(&poll, 0).await.expect_status(201);
        assert_eq!(response.header("ratelimit-limit"), "10");
        assert_eq!(response.header("ratelimit-remaining"), (9 - n).to_string());
        let reset: u64 = response.header("ratelimit-reset").parse().unwrap();
        assert!(
            (60..=75).contains(&reset),
            "{reset}: the window consists of slices of its period"
        );
    }
    let rejected = Browser::new(&app).vote(&poll, 0).await;
    rejected.assert_problem(429, "rate_limited");
    assert_eq!(rejected.header("ratelimit-remaining"), "0");
    let wait: u64 = rejected.header("retry-after").parse().unwrap();
    assert!((1..=75).contains(&wait));
    assert!(!rejected.headers.contains_key("set-cookie"));
    Browser::with_address(&app, "192.0.2.2")
        .vote(&poll, 0)
        .await
        .expect_status(201);
    app.clock.advance(wait);
    Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    assert_eq!(app.total(&poll.id).await, 12);
}

/// A clock that is set back or ahead neither locks a caller out nor lifts the limit.
#[tokio::test]
async fn setting_the_clock_changes_no_vote_limit() {
    for (first, second) in [(-1, 2), (1, -2)] {
        let app = App::new();
        let poll = Browser::with_address(&app, "198.51.100.1")
            .create_poll(json!({}))
            .await;
        // The poll has opened more than an hour ago, so it stays open at all times.
        app.clock.advance(4_000);
        let mut used = 0;
        for hours in [0, first, second] {
            app.clock.shift_hours(hours);
            let expected = if hours == 0 { 4 } else { 3 };
            for _ in 0..expected {
                let response = Browser::new(&app).vote(&poll, 0).await.expect_status(201);
                used += 1;
                let left = (10 - used).to_string();
                assert_eq!(response.header("ratelimit-remaining"), left, "{hours} h");
            }
        }
        for hours in [0, -second, -first] {
            app.clock.shift_hours(hours);
            let rejected = Browser::new(&app).vote(&poll, 0).await;
            rejected.assert_problem(429, "rate_limited");
            let wait: u64 = rejected.header("retry-after").parse().unwrap();
            assert!((1..=72).contains(&wait), "{wait} s after {hours} h");
        }
        Browser::with_address(&app, "192.0.2.2")
            .vote(&poll, 0)
            .await
            .expect_status(201);
        for hours in [first, second] {
            app.clock.shift_hours(hours);
            app.clock.advance(72);
            for _ in 0..10 {
                Browser::new(&app).vote(&poll, 0).await.expect_status(201);
            }
            let rejected = Browser::new(&app).vote(&poll, 0).await;
            rejected.assert_problem(429, "rate_limited");
        }
    }
}

#[tokio::test]
async fn an_ipv6_network_shares_one_limit() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    for n in 0..10 {
        Browser::with_address(&app, &format!("2001:db8::{n}"))
            .vote(&poll, 0)
            .await
            .expect_status(201);
    }
    Browser::with_address(&app, "2001:db8::ffff")
        .vote(&poll, 0)
        .await
        .assert_problem(429, "rate_limited");
    Browser::with_address(&app, "2001:db8:0:1::")
        .vote(&poll, 0)
        .await
        .expect_status(201);
}

#[tokio::test]
async fn clients_with_a_cookie_are_limited_per_session() {
    let app = App::new();
    let poll = Browser::new(&app)
        .create_poll(json!({"revote": true}))
        .await;
    let mut voters = Vec::new();
    for _ in 0..20 {
        let mut voter = Browser::new(&app);
        voter.create_poll(json!({})).await;
        voters.push(voter);
    }
    for voter in &mut voters {
        voter.vote(&poll, 0).await.expect_status(201);
    }
    let frequent = &mut voters[0];
    for _ in 0..9 {
        frequent.vote(&poll, 1).await.expect_status(201);
    }
    frequent
        .vote(&poll, 1)
        .await
        .assert_problem(429, "rate_limited");
    let path = poll.path("/vote");
    frequent
        .call(Method::DELETE, &path, None)
        .await
        .assert_problem(429, "rate_limited");
    voters[1].vote(&poll, 1).await.expect_status(201);
}

#[tokio::test]
async fn replays_and_rejected_votes_count_as_attempts() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let mut browser = Browser::new(&app);
    browser.create_poll(json!({})).await;
    let ballot = "0190b6e2-1111-4000-8000-00000000000a";
    browser.vote_as(&poll, 0, ballot).await.expect_status(201);
    for _ in 0..5 {
        let replay = browser.vote_as(&poll, 0, ballot).await.expect_status(200);
        assert!(replay.headers.contains_key("ratelimit-remaining"));
    }
    for _ in 0..4 {
        let rejected = browser.vote(&poll, 0).await;
        rejected.assert_problem(409, "already_voted");
        assert!(rejected.headers.contains_key("ratelimit-remaining"));
    }
    browser
        .vote_as(&poll, 0, ballot)
        .await
        .assert_problem(429, "rate_limited");
}

#[tokio::test]
async fn new_sessions_are_limited_per_address() {
    let rate = Rate::per_minute(3);
    let app = App::with(|router| router.vote_rate(None).session_rate(Some(rate)));
    let poll = Browser::with_address(&app, "198.51.100.1")
        .create_poll(json!({}))
        .await;
    let body = json!({"title": "t", "options": ["a", "b"]});
    Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    app.post("/api/polls", body.clone())
        .await
        .expect_status(201);
    let rejected = app.post("/api/polls", body).await;
    rejected.assert_problem(429, "rate_limited");
    assert!(rejected.headers.contains_key("retry-after"));
    Browser::new(&app)
        .vote(&poll, 0)
        .await
        .assert_problem(429, "rate_limited");
    assert_eq!(app.total(&poll.id).await, 2);
}

#[tokio::test]
async fn limits_can_be_disabled() {
    let app = App::with(|router| router.vote_rate(None).session_rate(None));
    let poll = Browser::new(&app).create_poll(json!({})).await;
    for _ in 0..50 {
        let response = Browser::new(&app).vote(&poll, 0).await.expect_status(201);
        assert!(!response.headers.contains_key("ratelimit-limit"));
    }
}

#[tokio::test]
async fn only_trusted_proxies_set_the_client_address() {
    let app = App::with(|router| router.trusted_proxies(["10.0.0.0/8".parse().unwrap()]));
    let poll = Browser::new(&app)
        .create_poll(json!({"voters": "ip"}))
        .await;
    let body = json!({"option_id": poll.options[0]});
    let vote = async |peer: &str, forwarded_for: &str| {
        let headers = [("x-forwarded-for", forwarded_for)];
        let path = poll.path("/vote");
        Browser::with_address(&app, peer)
            .call_with(Method::POST, &path, Some(body.clone()), &headers)
            .await
    };
    vote("10.0.0.1", "203.0.113.1").await.expect_status(201);
    vote("10.0.0.2", "6.6.6.6, 203.0.113.1")
        .await
        .assert_problem(409, "already_voted");
    vote("10.0.0.1", "203.0.113.2, 10.3.3.3")
        .await
        .expect_status(201);
    vote("203.0.113.2", "203.0.113.3")
        .await
        .assert_problem(409, "already_voted");
}

#[derive(Debug)]
struct UnavailableLimiter;

#[async_trait]
impl RateLimiter for UnavailableLimiter {
    fn backend(&self) -> &'static str {
        "unavailable"
    }

    async fn acquire(&self, _: &LimitKey, _: &Rate, _: u32) -> Result<RateDecision, LimitError> {
        let source = std::io::Error::other("connection refused");
        Err(LimitError::Unavailable {
            backend: "unavailable",
            source: Arc::new(source),
        })
    }
}

#[tokio::test]
async fn an_unavailable_limiter_allows_votes() {
    let app = App::with(|router| router.limiter(Arc::new(UnavailableLimiter)));
    let poll = Browser::new(&app).create_poll(json!({})).await;
    for _ in 0..12 {
        Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    }
}
