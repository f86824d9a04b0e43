//! Rate limits with many voters behind one address and with many forged addresses.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::app::{App, from, request};
use crate::browser::{Browser, CreatedPoll};

/// Returns how many of `attempts` from a client without cookies pass the rate limit.
async fn allowed(
    app: &App,
    poll: &CreatedPoll,
    attempts: u32,
    address: impl Fn(u32) -> String + Send + Sync,
) -> u32 {
    let mut allowed = 0;
    for n in 0..attempts {
        // Withdrawing a vote that was never cast counts as an attempt and starts no
        // session.
        let attempt = request(Method::DELETE, &poll.path("/vote"), None);
        let response = app.send(from(&address(n), attempt)).await;
        match response.status {
            StatusCode::NOT_FOUND => allowed += 1,
            status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
        }
    }
    allowed
}

/// Advances the clock by 1 s every 17 voters: 30 s for 500 voters.
#[cfg(feature = "ui")]
fn advance_clock(app: &App, n: u32) {
    if n.is_multiple_of(17) {
        app.clock.advance(1);
    }
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn all_of_500_voters_behind_one_address_vote_within_30_seconds() {
    let app = App::new();
    let poll = Browser::with_address(&app, "198.51.100.1")
        .create_poll(json!({}))
        .await;
    for n in 0..500 {
        let mut voter = Browser::new(&app);
        voter.get("/").await.expect_status(200);
        voter.vote(&poll, (n % 3) as usize).await.expect_status(201);
        advance_clock(&app, n);
    }
    assert_eq!(app.total(&poll.id).await, 500);
}

#[tokio::test]
async fn a_script_without_cookies_is_limited_to_ten_votes_a_minute() {
    let app = App::new();
    let poll = Browser::with_address(&app, "198.51.100.1")
        .create_poll(json!({}))
        .await;
    for minute in 1..=3 {
        for _ in 0..100 {
            let response = Browser::new(&app).vote(&poll, 0).await;
            assert!([201, 429].contains(&response.status.as_u16()));
        }
        assert_eq!(app.total(&poll.id).await, 10 * minute);
        // The sliding window releases attempts up to 12 s late.
        app.clock.advance(72);
    }
}

#[tokio::test]
async fn addresses_of_one_ipv6_network_share_a_limit() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let address = |n: u32| format!("2001:db8:1:2:{:x}:0:0:{:x}", n >> 8, n & 0xff);
    assert_eq!(allowed(&app, &poll, 65_536, address).await, 10);
    let elsewhere = |_| "2001:db8:1:3::1".to_owned();
    assert_eq!(allowed(&app, &poll, 20, elsewhere).await, 10);
}

#[tokio::test]
async fn forwarded_headers_of_untrusted_peers_are_ignored() {
    let app = App::with(|router| router.trusted_proxies(["10.0.0.0/8".parse().unwrap()]));
    let poll = Browser::with_address(&app, "198.51.100.1")
        .create_poll(json!({}))
        .await;
    let mut allowed = 0;
    for n in 0..10_000_u32 {
        let forged = format!("203.{}.{}.7", n >> 8, n & 0xff);
        let mut attempt = request(Method::DELETE, &poll.path("/vote"), None);
        let headers = attempt.headers_mut();
        headers.insert("x-forwarded-for", forged.parse().unwrap());
        let forwarded = format!("for={forged}");
        headers.insert("forwarded", forwarded.parse().unwrap());
        headers.insert("x-real-ip", forged.parse().unwrap());
        let response = app.send(from("192.0.2.1", attempt)).await;
        allowed += u32::from(response.status == StatusCode::NOT_FOUND);
    }
    assert_eq!(allowed, 10);
}
