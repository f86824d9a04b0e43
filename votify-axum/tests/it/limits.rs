use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Method;
use serde_json::json;
use votify_core::limit::{LimitError, LimitKey, Permit};
use votify_core::{Quota, RateLimiter, Timestamp};

use crate::app::App;
use crate::browser::Browser;

#[tokio::test]
async fn without_a_cookie_an_address_has_ten_attempts_a_minute() {
    let app = App::new();
    let poll = Browser::at(&app, "198.51.100.1").make(json!({})).await;
    for n in 0..10 {
        let answer = Browser::new(&app).vote(&poll, 0).await.ok(201);
        assert_eq!(answer.header("ratelimit-limit"), "10");
        assert_eq!(answer.header("ratelimit-remaining"), (9 - n).to_string());
        let reset: u64 = answer.header("ratelimit-reset").parse().unwrap();
        assert!(
            (60..=75).contains(&reset),
            "{reset}: the quota counts in slices of its period"
        );
    }
    let refused = Browser::new(&app).vote(&poll, 0).await;
    refused.is_problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=75).contains(&wait));
    assert!(!refused.headers.contains_key("set-cookie"));
    Browser::at(&app, "192.0.2.2").vote(&poll, 0).await.ok(201);
    app.clock.advance(wait);
    Browser::new(&app).vote(&poll, 0).await.ok(201);
    assert_eq!(app.total(&poll.id).await, 12);
}

#[tokio::test]
async fn one_ipv6_network_is_one_address() {
    let app = App::new();
    let poll = Browser::new(&app).make(json!({})).await;
    for n in 0..10 {
        Browser::at(&app, &format!("2001:db8::{n}"))
            .vote(&poll, 0)
            .await
            .ok(201);
    }
    Browser::at(&app, "2001:db8::ffff")
        .vote(&poll, 0)
        .await
        .is_problem(429, "rate_limited");
    Browser::at(&app, "2001:db8:0:1::")
        .vote(&poll, 0)
        .await
        .ok(201);
}

#[tokio::test]
async fn with_a_cookie_the_session_is_what_is_limited() {
    let app = App::new();
    let poll = Browser::new(&app).make(json!({"revote": true})).await;
    let mut class = Vec::new();
    for _ in 0..20 {
        let mut pupil = Browser::new(&app);
        pupil.make(json!({})).await;
        class.push(pupil);
    }
    for pupil in &mut class {
        pupil.vote(&poll, 0).await.ok(201);
    }
    let eager = &mut class[0];
    for _ in 0..9 {
        eager.vote(&poll, 1).await.ok(201);
    }
    eager.vote(&poll, 1).await.is_problem(429, "rate_limited");
    let path = poll.at("/vote");
    eager
        .call(Method::DELETE, &path, None)
        .await
        .is_problem(429, "rate_limited");
    class[1].vote(&poll, 1).await.ok(201);
}

#[tokio::test]
async fn replays_and_refusals_are_attempts_too() {
    let app = App::new();
    let poll = Browser::new(&app).make(json!({})).await;
    let mut browser = Browser::new(&app);
    browser.make(json!({})).await;
    let ballot = "0190b6e2-1111-4000-8000-00000000000a";
    browser.vote_as(&poll, 0, ballot).await.ok(201);
    for _ in 0..5 {
        let replay = browser.vote_as(&poll, 0, ballot).await.ok(200);
        assert!(replay.headers.contains_key("ratelimit-remaining"));
    }
    for _ in 0..4 {
        let refused = browser.vote(&poll, 0).await;
        refused.is_problem(409, "already_voted");
        assert!(refused.headers.contains_key("ratelimit-remaining"));
    }
    browser
        .vote_as(&poll, 0, ballot)
        .await
        .is_problem(429, "rate_limited");
}

#[tokio::test]
async fn new_sessions_are_limited_per_address() {
    let quota = Quota::per_minute(3);
    let app = App::with(|router| router.vote_quota(None).session_quota(Some(quota)));
    let poll = Browser::at(&app, "198.51.100.1").make(json!({})).await;
    let body = json!({"title": "t", "options": ["a", "b"]});
    Browser::new(&app).vote(&poll, 0).await.ok(201);
    Browser::new(&app).vote(&poll, 0).await.ok(201);
    app.post("/api/polls", body.clone()).await.ok(201);
    let refused = app.post("/api/polls", body).await;
    refused.is_problem(429, "rate_limited");
    assert!(refused.headers.contains_key("retry-after"));
    Browser::new(&app)
        .vote(&poll, 0)
        .await
        .is_problem(429, "rate_limited");
    assert_eq!(app.total(&poll.id).await, 2);
}

#[tokio::test]
async fn limits_can_be_off() {
    let app = App::with(|router| router.vote_quota(None).session_quota(None));
    let poll = Browser::new(&app).make(json!({})).await;
    for _ in 0..50 {
        let answer = Browser::new(&app).vote(&poll, 0).await.ok(201);
        assert!(!answer.headers.contains_key("ratelimit-limit"));
    }
}

#[tokio::test]
async fn a_trusted_proxy_speaks_for_its_callers_and_others_do_not() {
    let app = App::with(|router| router.trusted_proxies(["10.0.0.0/8".parse().unwrap()]));
    let poll = Browser::new(&app).make(json!({"voters": "ip"})).await;
    let body = json!({"option_id": poll.options[0]});
    let vote = async |peer: &str, told: &str| {
        let headers = [("x-forwarded-for", told)];
        let path = poll.at("/vote");
        Browser::at(&app, peer)
            .call_with(Method::POST, &path, Some(body.clone()), &headers)
            .await
    };
    vote("10.0.0.1", "203.0.113.1").await.ok(201);
    vote("10.0.0.2", "6.6.6.6, 203.0.113.1")
        .await
        .is_problem(409, "already_voted");
    vote("10.0.0.1", "203.0.113.2, 10.3.3.3").await.ok(201);
    vote("203.0.113.2", "203.0.113.3")
        .await
        .is_problem(409, "already_voted");
}

#[derive(Debug)]
struct Away;

#[async_trait]
impl RateLimiter for Away {
    fn backend(&self) -> &'static str {
        "away"
    }

    async fn acquire(&self, _: &LimitKey, _: &Quota, _: Timestamp) -> Result<Permit, LimitError> {
        let source = std::io::Error::other("connection refused");
        Err(LimitError::Unavailable {
            backend: "away",
            source: Arc::new(source),
        })
    }
}

#[tokio::test]
async fn a_limiter_that_is_away_keeps_nobody_from_voting() {
    let app = App::with(|router| router.limiter(Arc::new(Away)));
    let poll = Browser::new(&app).make(json!({})).await;
    for _ in 0..12 {
        Browser::new(&app).vote(&poll, 0).await.ok(201);
    }
}
