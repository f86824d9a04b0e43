//! The permits are those of the in-memory limiter.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use votify_core::limit::{LimitKey, RateLimiter};
use votify_core::{MemoryRateLimiter, Rate, Timestamp};
use votify_redis::{Redis, RedisRateLimiter};
use votify_test_support::redis::Server;

/// Generates any rate, mostly common ones.
fn rates() -> impl Strategy<Value = Rate> {
    let limit = prop_oneof![4 => 1..12_u16, 1 => 1..=u16::MAX, 1 => Just(u16::MAX)];
    let micros = prop_oneof![
        2 => Just(60_000_000_u64),
        1 => 1_000_000..100_000_000_u64,
        1 => Just(24 * 3_600_000_000_u64),
    ];
    (limit, micros)
        .prop_map(|(limit, micros)| Rate::new(limit, Duration::from_micros(micros)).unwrap())
}

/// Generates the time of the first attempt in microseconds since 1970: any time, the
/// limits of time, and the wrap-around of slice numbers.
fn start_times() -> impl Strategy<Value = i64> {
    let max = Timestamp::MAX.as_micros();
    prop_oneof![
        Just(0),
        0..4_000_000_000_000_000_i64,
        (1_i64 << 32).saturating_mul(12_000_000) - 5_000_000
            ..(1_i64 << 32) * 12_000_000 + 5_000_000,
        max - 1_000_000_000..=max,
    ]
}

/// Generates steps between attempts in thousandths of the period: none, short, long and
/// negative ones.
fn steps() -> impl Strategy<Value = Vec<i64>> {
    let step = prop_oneof![
        3 => Just(0_i64),
        4 => 0..250_i64,
        2 => 0..2_500_i64,
        1 => -700..0_i64,
        1 => -3_000_000..3_000_000_i64,
    ];
    vec(step, 1..80)
}

#[test]
fn random_attempts_have_the_permits_of_the_memory_limiter() {
    let Some(server) = Server::new() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(Redis::connect(&server.url())).unwrap();
    let shared = RedisRateLimiter::from_client(redis).with_timeout(Duration::from_secs(30));
    let mut runner = TestRunner::new(Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    });
    let cases = (rates(), start_times(), steps(), any::<[u8; 16]>());
    let result = runner.run(&cases, |(rate, start, steps, key)| {
        let local = MemoryRateLimiter::new();
        let key = LimitKey::from_bytes(key);
        let period = i64::try_from(rate.period().as_micros()).unwrap();
        let mut micros = start;
        for (index, step) in steps.into_iter().enumerate() {
            micros = micros.saturating_add(step.saturating_mul(period / 1_000));
            micros = micros.clamp(0, Timestamp::MAX.as_micros());
            let now = Timestamp::from_micros(micros).unwrap();
            let expected = runtime.block_on(local.acquire(&key, &rate, now)).unwrap();
            let actual = runtime.block_on(shared.acquire(&key, &rate, now)).unwrap();
            prop_assert_eq!(actual, expected, "attempt {} at {}", index, now);
        }
        Ok(())
    });
    result.unwrap();
}
