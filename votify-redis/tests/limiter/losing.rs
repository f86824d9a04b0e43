//! Servers that are away, stand still or forget.

use std::time::{Duration, Instant};

use votify_core::limit::{LimitError, LimitKey, RateLimiter};
use votify_core::{Clock, Quota, SystemClock};
use votify_redis::{Redis, RedisRateLimiter};

use crate::servers::Server;

async fn attempt(limiter: &RedisRateLimiter) -> Result<bool, LimitError> {
    let key = LimitKey::from_bytes([1; 16]);
    let quota = Quota::per_minute(1);
    let permit = limiter.acquire(&key, &quota, SystemClock.now()).await;
    permit.map(|permit| permit.granted)
}

async fn limiter(server: &Server) -> RedisRateLimiter {
    RedisRateLimiter::new(Redis::connect(&server.url()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_an_error_soon_and_counts_again_when_it_is_back() {
    let Some(mut server) = Server::plain() else {
        return;
    };
    let limiter = limiter(&server).await;
    assert!(attempt(&limiter).await.unwrap());
    server.kill();
    for _ in 0..3 {
        let began = Instant::now();
        let error = attempt(&limiter).await.unwrap_err();
        assert!(error.is_transient());
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "{:?}",
            began.elapsed()
        );
    }
    // Nothing was kept on disk: neither counts nor scripts.
    server.start();
    assert!(attempt(&limiter).await.unwrap());
    assert!(!attempt(&limiter).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_is_an_error_soon() {
    let Some(server) = Server::plain() else {
        return;
    };
    let limiter = limiter(&server).await;
    // So that the server knows the script.
    let (key, quota) = (LimitKey::from_bytes([2; 16]), Quota::per_minute(1));
    let other = limiter.acquire(&key, &quota, SystemClock.now()).await;
    assert!(other.unwrap().granted);
    server.pause();
    let began = Instant::now();
    attempt(&limiter).await.unwrap_err();
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    server.resume();
    // The attempt that got no answer was counted all the same.
    assert!(!attempt(&limiter).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_scripts_and_lost_connections_are_made_good() {
    let Some(server) = Server::plain() else {
        return;
    };
    let limiter = limiter(&server).await;
    assert!(attempt(&limiter).await.unwrap());
    server.cli(&["SCRIPT", "FLUSH"]);
    assert!(!attempt(&limiter).await.unwrap());
    for _ in 0..3 {
        server.end_all_connections();
        // It may be lost in the middle of an attempt.
        if attempt(&limiter).await.is_err() {
            assert!(!attempt(&limiter).await.unwrap());
        }
    }
}

/// What somebody else wrote under a name is not counted, and not left without an expiry.
#[tokio::test(flavor = "multi_thread")]
async fn strange_values_are_written_over() {
    let Some(server) = Server::plain() else {
        return;
    };
    let limiter = limiter(&server).await;
    assert!(attempt(&limiter).await.unwrap());
    let key = server.cli(&["--scan"]);
    server.cli(&["SET", key.trim(), "pizza"]);
    assert!(attempt(&limiter).await.unwrap());
    assert_ne!(server.cli(&["PTTL", key.trim()]).trim(), "-1");
    server.cli(&["DEL", key.trim()]);
    server.cli(&["LPUSH", key.trim(), "pizza"]);
    attempt(&limiter).await.unwrap_err();
}
