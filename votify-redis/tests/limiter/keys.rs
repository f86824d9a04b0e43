//! What is kept.

use std::time::Duration;

use votify_core::limit::{LimitKey, RateLimiter};
use votify_core::{Clock, Quota, SystemClock};
use votify_redis::{Redis, RedisRateLimiter};

use crate::servers::Server;

fn keys(server: &Server) -> Vec<String> {
    let said = server.cli(&["--scan"]);
    said.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_expires_and_none_tells_what_it_limits() {
    let Some(server) = Server::plain() else {
        return;
    };
    let redis = Redis::connect(&server.url()).await.unwrap();
    let limiter = RedisRateLimiter::new(redis.with_prefix("app").unwrap());
    // As careless a caller as there may be: addresses as they are.
    let quota = Quota::per_minute(3);
    for n in 0..50_u8 {
        let mut address = *b"192.168.100.    ";
        address[12] = b'0' + n / 10;
        address[13] = b'0' + n % 10;
        for _ in 0..5 {
            let key = LimitKey::from_bytes(address);
            limiter
                .acquire(&key, &quota, SystemClock.now())
                .await
                .unwrap();
        }
    }
    let found = keys(&server);
    assert_eq!(found.len(), 50, "{found:?}");
    for key in found {
        assert!(key.starts_with("app:limit:"), "{key}");
        assert!(
            !key.contains("192.168") && !key.contains("3139322e"),
            "{key}"
        );
        let expiry: u64 = server.cli(&["PTTL", &key]).trim().parse().unwrap();
        assert!((100_000..=120_000).contains(&expiry), "{expiry}");
        let value = server.cli(&["GET", &key]);
        assert!(!value.contains("192.168"), "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_forgotten_two_periods_after_its_last_attempt() {
    let Some(server) = Server::plain() else {
        return;
    };
    let redis = Redis::connect(&server.url()).await.unwrap();
    let limiter = RedisRateLimiter::new(redis);
    let quota = Quota::new(1, Duration::from_secs(1)).unwrap();
    let key = LimitKey::from_bytes([7; 16]);
    let now = SystemClock.now();
    assert!(limiter.acquire(&key, &quota, now).await.unwrap().granted);
    assert!(!limiter.acquire(&key, &quota, now).await.unwrap().granted);
    assert_eq!(keys(&server).len(), 1);
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    assert!(keys(&server).is_empty());
}
