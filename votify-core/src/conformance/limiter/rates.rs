//! Tests of the number of granted attempts, and of the time at which more are granted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::prop_oneof;
use proptest::strategy::Strategy;

use crate::backend::SlidingWindow;
use crate::conformance::fixture::LimiterFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::seeds::{check_equal, check_random};
use crate::conformance::store::builders::at;
use crate::limit::{LimitKey, Rate, RateDecision, RateLimiter};
use crate::time::Timestamp;

fn key(number: u32) -> LimitKey {
    let mut bytes = [0xC3; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    LimitKey::from_bytes(bytes)
}

/// Returns a key that no other test uses.
fn new_key() -> LimitKey {
    LimitKey::from_bytes(*uuid::Uuid::new_v4().as_bytes())
}

async fn acquire(
    limiter: &Arc<dyn RateLimiter>,
    key: &LimitKey,
    rate: &Rate,
    now: Timestamp,
) -> RateDecision {
    let decision = limiter.acquire(key, rate, now).await;
    decision.expect("acquire succeeds")
}

/// A key is granted exactly as many attempts as its rate allows, and each decision has
/// the number of remaining ones.
pub async fn exactly_the_limit_is_granted(fixture: &dyn LimiterFixture) {
    let backend = fixture.fresh().await;
    let limiter = backend.instance();
    for (number, limit) in [(1, 1), (2, 10), (3, 300)] {
        let rate = Rate::per_minute(limit);
        for left in (0..limit).rev() {
            let decision = acquire(&limiter, &key(number), &rate, at(1)).await;
            assert!(decision.granted, "{left} of {limit} attempts must remain");
            assert_eq!(decision.remaining, u32::from(left));
        }
        for _ in 0..3 {
            let decision = acquire(&limiter, &key(number), &rate, at(1)).await;
            assert!(!decision.granted, "all {limit} attempts are used");
            assert_eq!(decision.remaining, 0);
            assert!(decision.retry_after > Duration::ZERO);
            assert!(decision.reset_after >= decision.retry_after);
        }
    }
}

/// Rejected attempts do not count: an attempt is granted after the `retry_after` of
/// the first rejection, however many were rejected since.
pub async fn rejected_attempts_are_not_counted(fixture: &dyn LimiterFixture) {
    let backend = fixture.fresh().await;
    let limiter = backend.instance();
    let rate = Rate::per_minute(3);
    for _ in 0..3 {
        acquire(&limiter, &key(1), &rate, at(0)).await;
    }
    let retry_after = acquire(&limiter, &key(1), &rate, at(1)).await.retry_after;
    for seconds in 1..59 {
        let decision = acquire(&limiter, &key(1), &rate, at(seconds)).await;
        assert!(!decision.granted, "after {seconds} s");
    }
    let retry_at = at(1).saturating_add(retry_after);
    for left in [2, 1, 0] {
        let decision = acquire(&limiter, &key(1), &rate, retry_at).await;
        assert_eq!((decision.granted, decision.remaining), (true, left));
    }
}

/// Keys do not affect each other, even many similar ones.
pub async fn keys_are_independent(fixture: &dyn LimiterFixture) {
    let backend = fixture.fresh().await;
    let limiter = backend.instance();
    let rate = Rate::per_minute(1);
    for number in 0..1_000 {
        let decision = acquire(&limiter, &key(number), &rate, at(1)).await;
        assert!(
            decision.granted,
            "the first attempt of key {number} must be granted"
        );
    }
    for number in 0..1_000 {
        let decision = acquire(&limiter, &key(number), &rate, at(2)).await;
        assert!(
            !decision.granted,
            "the second attempt of key {number} must be rejected"
        );
    }
}

/// A key has its whole limit again after two periods without attempts.
pub async fn limit_is_restored_after_two_periods(fixture: &dyn LimiterFixture) {
    let backend = fixture.fresh().await;
    let limiter = backend.instance();
    for (number, seconds) in [(1, 60), (2, 3_600), (3, 24 * 3_600)] {
        let rate = Rate::new(5, Duration::from_secs(seconds)).expect("a valid rate");
        for start in [0, 2 * seconds, 5 * seconds] {
            for left in [4, 3, 2, 1, 0] {
                let decision = acquire(&limiter, &key(number), &rate, at(start)).await;
                assert_eq!((decision.granted, decision.remaining), (true, left));
            }
            assert!(
                !acquire(&limiter, &key(number), &rate, at(start))
                    .await
                    .granted
            );
        }
    }
}

/// Concurrent attempts on all instances are together granted exactly the limit.
pub async fn concurrent_attempts_share_the_limit(fixture: &dyn LimiterFixture) {
    let backend = fixture.fresh().await;
    let instances = [backend.instance(), backend.second_instance().await];
    let rate = Rate::per_minute(20);
    for round in 0..5 {
        let tasks = (0..16_usize).map(|n| {
            let instance = Arc::clone(&instances[n % 2]);
            async move {
                let mut granted = Vec::new();
                for _ in 0..4 {
                    let decision = acquire(&instance, &key(round), &rate, at(1)).await;
                    granted.extend(decision.granted.then_some(decision.remaining));
                }
                granted
            }
        });
        let granted = run_concurrently(tasks.collect()).await.concat();
        assert_eq!(granted.len(), 20, "round {round}");
        let left: BTreeSet<u32> = granted.into_iter().collect();
        assert_eq!(
            left,
            (0..20).collect(),
            "each decision has another number of remaining attempts"
        );
    }
}

/// Generates the time between attempts in microseconds: also zero, long and negative
/// ones.
fn steps() -> impl Strategy<Value = Vec<(usize, i64)>> {
    let step = prop_oneof![
        2 => -1_000_000..1_i64,
        6 => 0..3_000_000_i64,
        3 => 0..30_000_000_i64,
        1 => 0..200_000_000_i64,
    ];
    vec((0..3_usize, step), 1..60)
}

/// Permits equal those of [`SlidingWindow`] in every field, even if the instances' clocks
/// differ.
pub async fn permits_equal_those_of_the_sliding_window(fixture: &dyn LimiterFixture) {
    let backend = fixture.fresh().await;
    let instances = [backend.instance(), backend.second_instance().await];
    let rates = [
        Rate::per_minute(3),
        Rate::per_minute(10),
        Rate::new(5, Duration::from_secs(97)).expect("a valid rate"),
    ];
    check_random(&(steps(), any::<u32>()), async |(steps, offset)| {
        let keys = [new_key(), new_key(), new_key()];
        let mut windows = [SlidingWindow::default(); 3];
        let mut micros = at(u64::from(offset)).as_micros();
        for (index, (which, step)) in steps.into_iter().enumerate() {
            micros += step;
            let now = Timestamp::from_micros(micros).expect("a valid time");
            let instance = &instances[index % 2];
            let found = acquire(instance, &keys[which], &rates[which], now).await;
            let expected = windows[which].acquire(&rates[which], now);
            check_equal(format!("attempt {index} at {now}"), &found, &expected)?;
        }
        Ok(())
    });
}

/// No interval of the rate's period has more granted attempts than the limit, and
/// some attempts are granted.
pub async fn no_period_exceeds_the_limit(fixture: &dyn LimiterFixture) {
    let backend = fixture.fresh().await;
    let limiter = backend.instance();
    check_random(&(steps(), 1..6_u16), async |(steps, limit)| {
        let rate = Rate::per_minute(limit);
        let key = new_key();
        let mut now = at(0);
        let mut granted = BTreeMap::<Timestamp, usize>::new();
        for (_, step) in steps {
            now = now.saturating_add(Duration::from_micros(step.unsigned_abs()));
            if acquire(&limiter, &key, &rate, now).await.granted {
                *granted.entry(now).or_default() += 1;
            }
        }
        check_equal("no attempt was granted", &granted.is_empty(), &false)?;
        for start in granted.keys() {
            let stretch = granted.range(start..&start.saturating_add(rate.period()));
            let sum: usize = stretch.map(|(_, count)| count).sum();
            if sum > usize::from(limit) {
                return Err(format!(
                    "{sum} attempts instead of {limit} were granted in the minute from {start}"
                ));
            }
        }
        Ok(())
    });
}
