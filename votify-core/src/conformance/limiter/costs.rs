//! Tests of attempts that take more or less of the limit than one.

use std::time::Duration;

use super::harness::{Harness, acquire, key};
use crate::conformance::fixture::LimiterFixture;
use crate::conformance::run_concurrently::run_concurrently;
use crate::limit::Rate;

/// A granted attempt takes its cost from the limit, and the decision has the rest in the
/// same unit. An attempt without a cost takes nothing.
pub async fn attempts_take_their_cost(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    let rate = Rate::per_minute(1_000);
    for (cost, left) in [(1, 999), (600, 399), (0, 399), (399, 0)] {
        let decision = harness.acquire(&key(1), &rate, cost).await;
        assert_eq!((decision.granted, decision.remaining), (true, left));
    }
    let decision = harness.acquire(&key(1), &rate, 1).await;
    assert_eq!((decision.granted, decision.remaining), (false, 0));
}

/// A rejected attempt takes nothing, not even the part that was left: smaller attempts
/// are granted afterwards, and a repetition is granted after `retry_after`.
pub async fn rejected_costs_are_free(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    let rate = Rate::per_minute(10);
    harness.acquire(&key(1), &rate, 6).await;
    harness.advance(20);
    let rejected = harness.acquire(&key(1), &rate, 5).await;
    assert_eq!((rejected.granted, rejected.remaining), (false, 4));
    assert!(rejected.retry_after > Duration::ZERO);
    let smaller = harness.acquire(&key(1), &rate, 4).await;
    assert_eq!((smaller.granted, smaller.remaining), (true, 0));
    harness.clock.advance(rejected.retry_after);
    let repeated = harness.acquire(&key(1), &rate, 5).await;
    assert_eq!((repeated.granted, repeated.remaining), (true, 1));
}

/// A cost above the limit is rejected even if nothing was taken, and takes nothing. Its
/// `retry_after` is the period.
pub async fn costs_above_the_limit_are_rejected(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    let rate = Rate::per_minute(10);
    for cost in [11, 1_000, u32::MAX] {
        let rejected = harness.acquire(&key(1), &rate, cost).await;
        assert_eq!((rejected.granted, rejected.remaining), (false, 10));
        assert_eq!(rejected.retry_after, rate.period());
    }
    let whole = harness.acquire(&key(1), &rate, 10).await;
    assert_eq!((whole.granted, whole.remaining), (true, 0));
}

/// The largest limit can be taken at once, and in parts.
pub async fn largest_limit_is_granted(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    let rate = Rate::per_minute(u32::MAX);
    let whole = harness.acquire(&key(1), &rate, u32::MAX).await;
    assert_eq!((whole.granted, whole.remaining), (true, 0));
    assert!(!harness.acquire(&key(1), &rate, 1).await.granted);
    for (cost, left) in [(u32::MAX - 2, 2), (1, 1)] {
        let part = harness.acquire(&key(2), &rate, cost).await;
        assert_eq!((part.granted, part.remaining), (true, left));
        harness.advance(12);
    }
    assert!(!harness.acquire(&key(2), &rate, 2).await.granted);
    assert!(harness.acquire(&key(2), &rate, 1).await.granted);
}

/// Concurrent attempts on all instances together take at most the limit, and an attempt
/// is rejected only if less than its cost is left.
pub async fn concurrent_costs_share_the_limit(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    let instances = harness.instances().await;
    let rate = Rate::per_minute(100);
    for round in 0..5 {
        let tasks = (0..16_u32).map(|n| {
            let instance = instances[n as usize % 2].clone();
            async move {
                let mut taken = 0;
                for cost in [n % 3 + 3, 7, 2] {
                    let decision = acquire(&instance, &key(round), &rate, cost).await;
                    taken += if decision.granted { cost } else { 0 };
                }
                taken
            }
        });
        let taken: u32 = run_concurrently(tasks.collect()).await.into_iter().sum();
        // All attempts together cost more than the limit, and the last of each task costs
        // 2: at most 1 is left.
        assert!((99..=100).contains(&taken), "{taken} of 100 taken");
    }
}
