//! The permits are those of the in-memory limiter.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use votify_core::limit::{LimitKey, RateLimiter};
use votify_core::{Clock, MemoryRateLimiter, Rate, Timestamp};
use votify_redis::{Redis, RedisRateLimiter};
use votify_test_support::redis::Server;

/// The largest time that Lua represents exactly, in microseconds: the year 2255.
const MAX_MICROS: u64 = 1 << 53;

/// A clock that can go back, like that of a Redis server.
#[derive(Debug, Default)]
struct ServerClock(AtomicU64);

#[async_trait]
impl Clock for ServerClock {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, _: Timestamp) {}
}

/// Generates any rate, mostly common ones.
fn rates() -> impl Strategy<Value = Rate> {
    let limit = prop_oneof![4 => 1..12_u32, 1 => 1..=u32::MAX, 1 => Just(u32::MAX)];
    let micros = prop_oneof![
        2 => Just(60_000_000_u64),
        1 => 1_000_000..100_000_000_u64,
        1 => 1_000_000..10_000_000_u64,
        1 => Just(24 * 3_600_000_000_u64),
    ];
    (limit, micros)
        .prop_map(|(limit, micros)| Rate::new(limit, Duration::from_micros(micros)).unwrap())
}

/// Generates the time of the first attempt in microseconds: any time, the limits of time,
/// and the wrap-around of slice numbers.
fn start_times(rate: Rate) -> impl Strategy<Value = u64> {
    let slice = u64::try_from(rate.period().as_micros()).unwrap() / 5;
    let wrap_around = (slice << 32).clamp(5_000_000, MAX_MICROS - 5_000_000);
    prop_oneof![
        Just(0),
        0..MAX_MICROS,
        wrap_around - 5_000_000..wrap_around + 5_000_000,
        MAX_MICROS - 1_000_000_000..=MAX_MICROS,
    ]
}

/// Generates costs: mostly one, none, parts of the limit, all of it, and more.
fn costs(rate: Rate) -> impl Strategy<Value = u32> {
    let limit = rate.limit();
    prop_oneof![
        6 => Just(1),
        3 => 0..=limit / 3 + 1,
        1 => 0..=limit,
        1 => Just(limit),
        1 => limit..=u32::MAX,
        1 => Just(u32::MAX),
    ]
}

/// Generates steps between attempts in thousandths of the period: none, short, long and
/// negative ones.
fn steps() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => Just(0_i64),
        4 => 0..250_i64,
        2 => 0..2_500_i64,
        1 => -700..0_i64,
        1 => -3_000_000..3_000_000_i64,
    ]
}

#[test]
fn random_attempts_have_the_permits_of_the_memory_limiter() {
    let Some(server) = Server::new() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::connect(&server.url())).unwrap();
    let clock = Arc::new(ServerClock::default());
    let shared = RedisRateLimiter::from_client(redis)
        .with_timeout(Duration::from_secs(30))
        .with_clock(Arc::clone(&clock));
    let mut runner = TestRunner::new(Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    });
    let cases = rates().prop_flat_map(|rate| {
        let attempts = vec((steps(), costs(rate)), 1..80);
        (Just(rate), start_times(rate), attempts, any::<[u8; 16]>())
    });
    let result = runner.run(&cases, |(rate, start, attempts, key)| {
        let local = MemoryRateLimiter::new().with_clock(Arc::clone(&clock));
        let key = LimitKey::from_bytes(key);
        let period = i64::try_from(rate.period().as_micros()).unwrap();
        let mut micros = start;
        for (index, (step, cost)) in attempts.into_iter().enumerate() {
            let step = step.saturating_mul(period / 1_000);
            micros = micros.saturating_add_signed(step).min(MAX_MICROS);
            clock.0.store(micros, Ordering::SeqCst);
            let expected = runtime.block_on(local.acquire(&key, &rate, cost)).unwrap();
            let actual = runtime.block_on(shared.acquire(&key, &rate, cost)).unwrap();
            prop_assert_eq!(actual, expected, "attempt {} at {} µs", index, micros);
        }
        Ok(())
    });
    result.unwrap();
}
