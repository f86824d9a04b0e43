//! Tests of the clock that a limiter measures time with.

use std::time::Duration;

use super::harness::{Harness, acquire, key};
use crate::conformance::fixture::LimiterFixture;
use crate::limit::Rate;
use crate::time::{Clock, Timestamp};

/// Setting the time of day ahead or back by an hour neither restores a limit nor extends
/// the wait for it.
pub async fn time_of_day_changes_no_decision(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    let rate = Rate::per_minute(3);
    let start = harness.clock.now();
    let ahead = start.saturating_add(Duration::from_secs(3_600));
    let back = Timestamp::from_micros(start.as_micros() - 3_600_000_000).expect("a valid time");
    for (number, first, second) in [(1, ahead, back), (2, back, ahead)] {
        harness.clock.set(start);
        for _ in 0..3 {
            assert!(harness.acquire(&key(number), &rate, 1).await.granted);
        }
        harness.clock.set(first);
        let rejected = harness.acquire(&key(number), &rate, 1).await;
        assert!(!rejected.granted, "the limit holds at {first}");
        harness.clock.set(second);
        let repeated = harness.acquire(&key(number), &rate, 1).await;
        assert_eq!(repeated, rejected, "no time passed until {second}");
        harness.clock.advance(rejected.retry_after);
        for left in [2, 1, 0] {
            let decision = harness.acquire(&key(number), &rate, 1).await;
            assert_eq!((decision.granted, decision.remaining), (true, left));
        }
    }
}

/// All instances measure the same time: one grants what another has rejected, as soon as
/// its `retry_after` has passed.
pub async fn instances_share_the_clock(fixture: &dyn LimiterFixture) {
    let harness = Harness::new(fixture).await;
    let instances = harness.instances().await;
    let rate = Rate::per_minute(1);
    for round in 0..6 {
        let (one, other) = (&instances[round % 2], &instances[(round + 1) % 2]);
        assert!(acquire(one, &key(1), &rate, 1).await.granted);
        harness.advance(7);
        let rejected = acquire(other, &key(1), &rate, 1).await;
        assert!(!rejected.granted);
        let almost = rejected.retry_after - Duration::from_micros(1);
        harness.clock.advance(almost);
        assert!(!acquire(one, &key(1), &rate, 1).await.granted);
        harness.clock.advance(Duration::from_micros(1));
    }
}
