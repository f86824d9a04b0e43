//! The server's clock measures the time of attempts.

use std::time::Duration;

use votify_core::Rate;
use votify_core::limit::{LimitKey, RateLimiter};
use votify_redis::RedisRateLimiter;
use votify_test_support::redis::Server;

/// The limit of a short period holds, and is available again after `retry_after` of real
/// time.
#[tokio::test(flavor = "multi_thread")]
async fn retry_time_passes_on_the_server() {
    let Some(server) = Server::new() else {
        return;
    };
    let limiter = RedisRateLimiter::connect(&server.url()).await.unwrap();
    let rate = Rate::new(10, Duration::from_secs(2)).unwrap();
    let key = LimitKey::from_bytes([1; 16]);
    for _ in 0..2 {
        let decision = limiter.acquire(&key, &rate, 7).await.unwrap();
        assert_eq!((decision.granted, decision.remaining), (true, 3));
        assert!(decision.reset_after > rate.period());
        assert!(decision.reset_after <= rate.period() * 6 / 5);
        let rejected = limiter.acquire(&key, &rate, 4).await.unwrap();
        assert_eq!((rejected.granted, rejected.remaining), (false, 3));
        tokio::time::sleep(rejected.retry_after).await;
    }
}

/// The stored window has the slice of the server's time.
#[tokio::test(flavor = "multi_thread")]
async fn slices_are_those_of_the_servers_time() {
    let Some(server) = Server::new() else {
        return;
    };
    let limiter = RedisRateLimiter::connect(&server.url()).await.unwrap();
    // A slice lasts 4.8 hours, so that no new one begins during the test, except rarely.
    let rate = Rate::new(10, Duration::from_secs(24 * 3_600)).unwrap();
    let seconds = || -> u64 {
        let time = server.cli(&["TIME"]);
        time.lines().next().unwrap().trim().parse().unwrap()
    };
    let slice = |seconds: u64| u32::try_from(seconds / 17_280).unwrap();
    let before = slice(seconds());
    let key = LimitKey::from_bytes([2; 16]);
    assert!(limiter.acquire(&key, &rate, 6).await.unwrap().granted);
    let after = slice(seconds());
    let name = server.cli(&["--scan"]);
    let stored = |range: [&str; 2]| -> u32 {
        // Prints the little-endian bytes as a number.
        let script =
            "return struct.unpack('<I4', redis.call('GETRANGE', KEYS[1], ARGV[1], ARGV[2]))";
        let reply = server.cli(&["EVAL", script, "1", name.trim(), range[0], range[1]]);
        reply.trim().parse().unwrap()
    };
    assert!((before..=after).contains(&stored(["0", "3"])));
    assert_eq!(stored(["4", "7"]), 6);
}
