//! Many callers: who is let through, and who is held.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::app::{App, from, request};
use crate::browser::{Browser, Made};

/// How often a caller without cookies got as far as a vote, out of so many attempts, each as `address` says.
async fn granted(
    app: &App,
    poll: &Made,
    attempts: u32,
    address: impl Fn(u32) -> String + Send + Sync,
) -> u32 {
    let mut granted = 0;
    for n in 0..attempts {
        // Taking back a vote that was never cast is an attempt too, and begins no session.
        let attempt = request(Method::DELETE, &poll.at("/vote"), None);
        let answer = app.send(from(&address(n), attempt)).await;
        match answer.status {
            StatusCode::NOT_FOUND => granted += 1,
            status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
        }
    }
    granted
}

/// A moment later, thirty seconds in all.
#[cfg(feature = "ui")]
fn pass(app: &App, n: u32) {
    if n.is_multiple_of(17) {
        app.clock.advance(1);
    }
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn five_hundred_behind_one_address_all_vote_within_thirty_seconds() {
    let app = App::new();
    let poll = Browser::at(&app, "198.51.100.1").make(json!({})).await;
    for n in 0..500 {
        let mut pupil = Browser::new(&app);
        pupil.get("/").await.ok(200);
        pupil.vote(&poll, (n % 3) as usize).await.ok(201);
        pass(&app, n);
    }
    assert_eq!(app.total(&poll.id).await, 500);
}

#[tokio::test]
async fn a_script_without_cookies_is_held_at_ten_a_minute() {
    let app = App::new();
    let poll = Browser::at(&app, "198.51.100.1").make(json!({})).await;
    for minute in 1..=3 {
        for _ in 0..100 {
            let answer = Browser::new(&app).vote(&poll, 0).await;
            assert!([201, 429].contains(&answer.status.as_u16()));
        }
        assert_eq!(app.total(&poll.id).await, 10 * minute);
        // Attempts come back up to a fifth of a minute late.
        app.clock.advance(72);
    }
}

#[tokio::test]
async fn the_addresses_of_one_ipv6_network_are_one() {
    let app = App::new();
    let poll = Browser::new(&app).make(json!({})).await;
    let address = |n: u32| format!("2001:db8:1:2:{:x}:0:0:{:x}", n >> 8, n & 0xff);
    assert_eq!(granted(&app, &poll, 65_536, address).await, 10);
    let elsewhere = |_| "2001:db8:1:3::1".to_owned();
    assert_eq!(granted(&app, &poll, 20, elsewhere).await, 10);
}

#[tokio::test]
async fn invented_headers_of_a_stranger_change_nothing() {
    let app = App::with(|router| router.trusted_proxies(["10.0.0.0/8".parse().unwrap()]));
    let poll = Browser::at(&app, "198.51.100.1").make(json!({})).await;
    let mut granted = 0;
    for n in 0..10_000_u32 {
        let invented = format!("203.{}.{}.7", n >> 8, n & 0xff);
        let mut attempt = request(Method::DELETE, &poll.at("/vote"), None);
        let headers = attempt.headers_mut();
        headers.insert("x-forwarded-for", invented.parse().unwrap());
        let forwarded = format!("for={invented}");
        headers.insert("forwarded", forwarded.parse().unwrap());
        headers.insert("x-real-ip", invented.parse().unwrap());
        let answer = app.send(from("192.0.2.1", attempt)).await;
        granted += u32::from(answer.status == StatusCode::NOT_FOUND);
    }
    assert_eq!(granted, 10);
}
