//! Tests of the number of granted attempts, and of the time at which more are granted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prop_oneof;
use proptest::strategy::Strategy;

use super::harness::{Harness, acquire, key, new_key};
use crate::backend::SlidingWindow;
use crate::conformance::fixture::LimiterFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::seeds::{check_equal, check_random};
use crate::limit::Rate;
use crate::time::Clock;

/// A key is granted exactly as many attempts as its rate allows, and each decision has
/// the number of remaining ones.
pub async fn exactly_the_limit_is_granted(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    for (number, limit) in [(1, 1), (2, 10), (3, 300)] {
        let rate = Rate::per_minute(limit);
        for left in (0..limit).rev() {
            let decision = harness.acquire(&key(number), &rate, 1).await;
            assert!(decision.granted, "{left} of {limit} attempts must remain");
            assert_eq!(decision.remaining, left);
        }
        for _ in 0..3 {
            let decision = harness.acquire(&key(number), &rate, 1).await;
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
    let harness = Harness::new(fixture).await;
    let rate = Rate::per_minute(3);
    for _ in 0..3 {
        harness.acquire(&key(1), &rate, 1).await;
    }
    harness.advance(1);
    let retry_after = harness.acquire(&key(1), &rate, 1).await.retry_after;
    for seconds in 1..59 {
        let decision = harness.acquire(&key(1), &rate, 1).await;
        assert!(!decision.granted, "after {seconds} s");
        harness.advance(1);
    }
    // 58 s of it have passed.
    harness.clock.advance(retry_after - Duration::from_secs(58));
    for left in [2, 1, 0] {
        let decision = harness.acquire(&key(1), &rate, 1).await;
        assert_eq!((decision.granted, decision.remaining), (true, left));
    }
}

/// Keys do not affect each other, even many similar ones.
pub async fn keys_are_independent(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    let rate = Rate::per_minute(1);
    for number in 0..1_000 {
        let decision = harness.acquire(&key(number), &rate, 1).await;
        assert!(
            decision.granted,
            "the first attempt of key {number} must be granted"
        );
    }
    harness.advance(1);
    for number in 0..1_000 {
        let decision = harness.acquire(&key(number), &rate, 1).await;
        assert!(
            !decision.granted,
            "the second attempt of key {number} must be rejected"
        );
    }
}

/// A key has its whole limit again after two periods without attempts.
pub async fn limit_is_restored_after_two_periods(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    for (number, seconds) in [(1, 60), (2, 3_600), (3, 24 * 3_600)] {
        let rate = Rate::new(5, Duration::from_secs(seconds)).expect("a valid rate");
        for periods in [0, 2, 3] {
            harness.advance(periods * seconds);
            for left in [4, 3, 2, 1, 0] {
                let decision = harness.acquire(&key(number), &rate, 1).await;
                assert_eq!((decision.granted, decision.remaining), (true, left));
            }
            assert!(!harness.acquire(&key(number), &rate, 1).await.granted);
        }
    }
}

/// Concurrent attempts on all instances are together granted exactly the limit.
pub async fn concurrent_attempts_share_the_limit(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    let instances = harness.instances().await;
    let rate = Rate::per_minute(20);
    for round in 0..5 {
        let tasks = (0..16_usize).map(|n| {
            let instance = instances[n % 2].clone();
            async move {
                let mut granted = Vec::new();
                for _ in 0..4 {
                    let decision = acquire(&instance, &key(round), &rate, 1).await;
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

/// Generates attempts: a key's index, the time since the last attempt in microseconds,
/// and a cost.
fn attempts() -> impl Strategy<Value = Vec<(usize, u64, u32)>> {
    let step = prop_oneof![
        2 => 0..1_u64,
        6 => 0..3_000_000_u64,
        3 => 0..30_000_000_u64,
        1 => 0..200_000_000_u64,
    ];
    let cost = prop_oneof![4 => 1..2_u32, 3 => 0..12_u32, 1 => 0..1_000_000_u32];
    vec((0..3_usize, step, cost), 1..60)
}

/// Permits equal those of [`SlidingWindow`] in every field, even if the attempts are made
/// on several instances.
pub async fn permits_equal_those_of_the_sliding_window(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    let instances = harness.instances().await;
    let rates = [
        Rate::per_minute(3),
        Rate::per_minute(10),
        Rate::new(500_000, Duration::from_secs(97)).expect("a valid rate"),
    ];
    check_random(
        &(attempts(), 0..1_000_000_u64),
        async |(attempts, offset)| {
            let keys = [new_key(), new_key(), new_key()];
            let mut windows = [SlidingWindow::default(); 3];
            harness.advance(offset);
            for (index, (which, step, cost)) in attempts.into_iter().enumerate() {
                harness.clock.advance(Duration::from_micros(step));
                let instance = &instances[index % 2];
                let found = acquire(instance, &keys[which], &rates[which], cost).await;
                let now = harness.clock.monotonic();
                let expected = windows[which].acquire(&rates[which], cost, now);
                check_equal(format!("attempt {index} at {now:?}"), &found, &expected)?;
            }
            Ok(())
        },
    );
}

/// In no interval of the rate's period, the granted attempts cost more than the limit.
/// Some attempts are granted.
pub async fn no_period_exceeds_the_limit(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    check_random(&(attempts(), 1..6_u32), async |(attempts, limit)| {
        let rate = Rate::per_minute(limit);
        let key = new_key();
        let mut granted = BTreeMap::<Duration, u32>::new();
        let mut rejected_first = 0;
        for (_, step, cost) in attempts {
            harness.clock.advance(Duration::from_micros(step));
            if harness.acquire(&key, &rate, cost).await.granted {
                *granted.entry(harness.clock.monotonic()).or_default() += cost;
            } else if granted.is_empty() && cost <= limit {
                rejected_first += 1;
            }
        }
        check_equal("rejected before any was granted", &rejected_first, &0)?;
        for start in granted.keys() {
            let stretch = granted.range(start..&(*start + rate.period()));
            let sum: u32 = stretch.map(|(_, cost)| cost).sum();
            if sum > limit {
                return Err(format!(
                    "{sum} instead of {limit} was granted in the minute from {start:?}"
                ));
            }
        }
        Ok(())
    });
}
