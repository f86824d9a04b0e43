//! Servers that are killed or paused, and lost scripts, connections and keys.

use std::time::{Duration, Instant};

use votify_core::Rate;
use votify_core::limit::{LimitError, LimitKey, RateLimiter};
use votify_redis::RedisRateLimiter;
use votify_test_support::redis::Server;

/// Maximum duration of an attempt without an answer. The timeout is 0.5 s.
const MAX_ATTEMPT_TIME: Duration = Duration::from_secs(2);

/// Makes an attempt with a rate of 1 per minute. Returns true if it was granted.
async fn attempt(limiter: &RedisRateLimiter) -> Result<bool, LimitError> {
    let key = LimitKey::from_bytes([1; 16]);
    let rate = Rate::per_minute(1);
    let permit = limiter.acquire(&key, &rate, 1).await;
    permit.map(|permit| permit.granted)
}

async fn open_limiter(server: &Server) -> RedisRateLimiter {
    RedisRateLimiter::connect(&server.url()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_server_is_a_transient_error_and_a_restart_restores_service() {
    let Some(mut server) = Server::new() else {
        return;
    };
    let limiter = open_limiter(&server).await;
    assert!(attempt(&limiter).await.unwrap());
    server.kill();
    for _ in 0..3 {
        let started = Instant::now();
        let error = attempt(&limiter).await.unwrap_err();
        assert!(error.is_transient());
        let elapsed = started.elapsed();
        assert!(elapsed < MAX_ATTEMPT_TIME, "{elapsed:?}");
    }
    // The server has no disk, so the restart loses counts and scripts.
    server.start();
    assert!(attempt(&limiter).await.unwrap());
    assert!(!attempt(&limiter).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_server_is_an_error_within_the_timeout() {
    let Some(server) = Server::new() else {
        return;
    };
    let limiter = open_limiter(&server).await;
    // Loads the script into the server.
    let (key, rate) = (LimitKey::from_bytes([2; 16]), Rate::per_minute(1));
    let other = limiter.acquire(&key, &rate, 1).await;
    assert!(other.unwrap().granted);
    server.pause();
    let started = Instant::now();
    attempt(&limiter).await.unwrap_err();
    let elapsed = started.elapsed();
    assert!(elapsed < MAX_ATTEMPT_TIME, "{elapsed:?}");
    server.resume();
    // The attempt without a reply was counted.
    assert!(!attempt(&limiter).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_scripts_and_connections_are_restored() {
    let Some(server) = Server::new() else {
        return;
    };
    let limiter = open_limiter(&server).await;
    assert!(attempt(&limiter).await.unwrap());
    server.cli(&["SCRIPT", "FLUSH"]);
    assert!(!attempt(&limiter).await.unwrap());
    for _ in 0..3 {
        server.end_all_connections();
        // The attempt fails if the loss is noticed during it. The next one succeeds.
        if attempt(&limiter).await.is_err() {
            assert!(!attempt(&limiter).await.unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_strings_are_overwritten_and_other_types_are_errors() {
    let Some(server) = Server::new() else {
        return;
    };
    let limiter = open_limiter(&server).await;
    assert!(attempt(&limiter).await.unwrap());
    let key = server.cli(&["--scan"]);
    server.cli(&["SET", key.trim(), "pizza"]);
    assert!(attempt(&limiter).await.unwrap());
    assert_ne!(server.cli(&["PTTL", key.trim()]).trim(), "-1");
    server.cli(&["DEL", key.trim()]);
    server.cli(&["LPUSH", key.trim(), "pizza"]);
    attempt(&limiter).await.unwrap_err();
}
