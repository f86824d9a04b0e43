//! It counts as the in-memory limiter does.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use votify_core::limit::{LimitKey, RateLimiter};
use votify_core::{MemoryRateLimiter, Quota, Timestamp};
use votify_redis::{Redis, RedisRateLimiter};

use crate::servers::Server;

/// Any quota there is, and mostly such as are used.
fn quotas() -> impl Strategy<Value = Quota> {
    let limit = prop_oneof![4 => 1..12_u16, 1 => 1..=u16::MAX, 1 => Just(u16::MAX)];
    let micros = prop_oneof![
        2 => Just(60_000_000_u64),
        1 => 1_000_000..100_000_000_u64,
        1 => Just(24 * 3_600_000_000_u64),
    ];
    (limit, micros)
        .prop_map(|(limit, micros)| Quota::new(limit, Duration::from_micros(micros)).unwrap())
}

/// When it begins, in microseconds since 1970: now, then, at the ends of time, and where the slices' numbers wrap.
fn beginnings() -> impl Strategy<Value = i64> {
    let greatest = Timestamp::MAX.as_micros();
    prop_oneof![
        Just(0),
        0..4_000_000_000_000_000_i64,
        (1_i64 << 32).saturating_mul(12_000_000) - 5_000_000
            ..(1_i64 << 32) * 12_000_000 + 5_000_000,
        greatest - 1_000_000_000..=greatest,
    ]
}

/// Steps between attempts, in parts of a thousandth of the period: none, some, long, back.
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
fn random_attempts_get_the_permits_of_the_memory_limiter() {
    let Some(server) = Server::plain() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connecting = Redis::builder(&server.url()).connect();
    let redis = runtime.block_on(connecting).unwrap();
    let shared = RedisRateLimiter::new(redis).with_patience(Duration::from_secs(30));
    let mut runner = TestRunner::new(Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    });
    let cases = (quotas(), beginnings(), steps(), any::<[u8; 16]>());
    let ran = runner.run(&cases, |(quota, beginning, steps, key)| {
        let local = MemoryRateLimiter::new();
        let key = LimitKey::from_bytes(key);
        let period = i64::try_from(quota.period().as_micros()).unwrap();
        let mut micros = beginning;
        for (index, step) in steps.into_iter().enumerate() {
            micros = micros.saturating_add(step.saturating_mul(period / 1_000));
            micros = micros.clamp(0, Timestamp::MAX.as_micros());
            let now = Timestamp::from_micros(micros).unwrap();
            let expected = runtime.block_on(local.acquire(&key, &quota, now)).unwrap();
            let found = runtime.block_on(shared.acquire(&key, &quota, now)).unwrap();
            prop_assert_eq!(found, expected, "attempt {} at {}", index, now);
        }
        Ok(())
    });
    ran.unwrap();
}
