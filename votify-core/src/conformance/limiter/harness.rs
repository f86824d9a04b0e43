use std::sync::Arc;
use std::time::Duration;

use crate::conformance::fixture::{Fixture, LimiterFixture};
use crate::limit::{LimitKey, Rate, RateDecision, RateLimiter};
use crate::time::{ManualClock, Timestamp};

/// The time of day at the start of a case. Far from 1970, so that a case can set the
/// clock back.
const START: &str = "2027-03-04T05:06:07.890123Z";

/// A limiter and the clock that it measures time with.
pub(super) struct Harness {
    pub(super) clock: Arc<ManualClock>,
    pub(super) limiter: Arc<dyn RateLimiter>,
    backend: Fixture<dyn RateLimiter>,
}

impl Harness {
    pub(super) async fn new(fixture: &dyn LimiterFixture) -> Self {
        let start: Timestamp = START.parse().expect("a valid time");
        let clock = Arc::new(ManualClock::new(start));
        let backend = fixture.fresh(Arc::clone(&clock)).await;
        Self {
            clock,
            limiter: backend.instance(),
            backend,
        }
    }

    /// Returns both instances, or the only one twice.
    pub(super) async fn instances(&self) -> [Arc<dyn RateLimiter>; 2] {
        [
            Arc::clone(&self.limiter),
            self.backend.second_instance().await,
        ]
    }

    /// Makes an attempt on the first instance.
    pub(super) async fn acquire(&self, key: &LimitKey, rate: &Rate, cost: u32) -> RateDecision {
        acquire(&self.limiter, key, rate, cost).await
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

pub(super) async fn acquire(
    limiter: &Arc<dyn RateLimiter>,
    key: &LimitKey,
    rate: &Rate,
    cost: u32,
) -> RateDecision {
    let decision = limiter.acquire(key, rate, cost).await;
    decision.expect("acquire succeeds")
}

pub(super) fn key(number: u32) -> LimitKey {
    let mut bytes = [0xC3; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    LimitKey::from_bytes(bytes)
}

/// Returns a key that no other test uses.
pub(super) fn new_key() -> LimitKey {
    LimitKey::from_bytes(*uuid::Uuid::new_v4().as_bytes())
}
