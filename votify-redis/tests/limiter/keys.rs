//! The keys in Redis.

use std::time::Duration;

use votify_core::Rate;
use votify_core::limit::{LimitKey, RateLimiter};
use votify_redis::{Redis, RedisRateLimiter};
use votify_test_support::redis::Server;

fn keys(server: &Server) -> Vec<String> {
    let reply = server.cli(&["--scan"]);
    reply.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_expire_and_hide_the_limit_key() {
    let Some(server) = Server::new() else {
        return;
    };
    let redis = Redis::connect(&server.url()).await.unwrap();
    let limiter = RedisRateLimiter::from_client(redis.with_prefix("app").unwrap());
    // Limit keys with plain addresses: callers should hash them, but need not.
    let rate = Rate::per_minute(3);
    for n in 0..50_u8 {
        let mut address = *b"192.168.100.    ";
        address[12] = b'0' + n / 10;
        address[13] = b'0' + n % 10;
        for _ in 0..5 {
            let key = LimitKey::from_bytes(address);
            limiter.acquire(&key, &rate, 1).await.unwrap();
        }
    }
    let keys = keys(&server);
    assert_eq!(keys.len(), 50, "{keys:?}");
    for key in keys {
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
async fn key_expires_two_periods_after_the_last_attempt() {
    let Some(server) = Server::new() else {
        return;
    };
    let redis = Redis::connect(&server.url()).await.unwrap();
    let limiter = RedisRateLimiter::from_client(redis);
    let rate = Rate::new(1, Duration::from_secs(1)).unwrap();
    let key = LimitKey::from_bytes([7; 16]);
    assert!(limiter.acquire(&key, &rate, 1).await.unwrap().granted);
    assert!(!limiter.acquire(&key, &rate, 1).await.unwrap().granted);
    assert_eq!(keys(&server).len(), 1);
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    assert!(keys(&server).is_empty());
}
