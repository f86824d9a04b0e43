//! Rate limiters with one fault each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use votify_core::MemoryRateLimiter;
use votify_core::backend::SlidingWindow;
use votify_core::conformance::{Fixture, LimiterFixture, check_limiter};
use votify_core::limit::{LimitError, LimitKey, Rate, RateDecision, RateLimiter};
use votify_core::time::{Clock, ManualClock, Timestamp};

use crate::assert_detected;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Reads and writes its counts in two steps.
    RacyCounts,
    /// Counts rejected attempts too.
    CountedRejections,
    /// Counts all keys together.
    MixedKeys,
    /// Counts in fixed windows of a minute.
    FixedWindows,
    /// Counts every attempt as one, whatever its cost.
    IgnoredCosts,
    /// Takes the rest of the limit for an attempt that costs more.
    PartialCosts,
    /// Measures time with the time of day.
    TimeOfDay,
}

#[derive(Debug)]
struct FaultyLimiter {
    fault: Option<Fault>,
    clock: Arc<ManualClock>,
    inner: MemoryRateLimiter,
    windows: Mutex<HashMap<LimitKey, SlidingWindow>>,
    attempts: Mutex<HashMap<LimitKey, Vec<(Duration, u32)>>>,
}

#[async_trait]
impl RateLimiter for FaultyLimiter {
    fn backend(&self) -> &'static str {
        "faulty"
    }

    async fn acquire(
        &self,
        key: &LimitKey,
        rate: &Rate,
        cost: u32,
    ) -> Result<RateDecision, LimitError> {
        let now = self.clock.monotonic();
        match self.fault {
            None => self.inner.acquire(key, rate, cost).await,
            Some(Fault::IgnoredCosts) => self.inner.acquire(key, rate, cost.min(1)).await,
            Some(Fault::PartialCosts) => {
                let decision = self.inner.acquire(key, rate, cost).await?;
                if !decision.granted {
                    self.inner.acquire(key, rate, decision.remaining).await?;
                }
                Ok(decision)
            }
            Some(Fault::TimeOfDay) => {
                let now = self.clock.now().saturating_since(Timestamp::EPOCH);
                let mut windows = self.windows.lock().unwrap();
                Ok(windows.entry(*key).or_default().acquire(rate, cost, now))
            }
            Some(Fault::MixedKeys) => {
                let shared_key = LimitKey::from_bytes([0; 16]);
                self.inner.acquire(&shared_key, rate, cost).await
            }
            Some(Fault::RacyCounts) => {
                let window = self.windows.lock().unwrap().get(key).copied();
                let mut window = window.unwrap_or_default();
                tokio::task::yield_now().await;
                let permit = window.acquire(rate, cost, now);
                self.windows.lock().unwrap().insert(*key, window);
                Ok(permit)
            }
            Some(fault) => {
                let mut attempts = self.attempts.lock().unwrap();
                let attempts = attempts.entry(*key).or_default();
                let minute = |time: Duration| time.as_secs() / 60;
                let counts = |(time, _): &&(Duration, u32)| match fault {
                    Fault::FixedWindows => minute(*time) == minute(now),
                    _ => now - *time < rate.period(),
                };
                let recent = attempts.iter().filter(counts);
                let used: u64 = recent.map(|(_, cost)| u64::from(*cost)).sum();
                let decision = permit(used + u64::from(cost), rate);
                if decision.granted || fault == Fault::CountedRejections {
                    attempts.push((now, cost));
                }
                Ok(decision)
            }
        }
    }
}

fn permit(used: u64, rate: &Rate) -> RateDecision {
    let used = u32::try_from(used).unwrap();
    let remaining = rate.limit().checked_sub(used);
    RateDecision {
        granted: remaining.is_some(),
        remaining: remaining.unwrap_or(0),
        reset_after: rate.period(),
        retry_after: rate.period(),
    }
}

struct WithFault(Option<Fault>);

#[async_trait]
impl LimiterFixture for WithFault {
    async fn fresh(&self, clock: Arc<ManualClock>) -> Fixture<dyn RateLimiter> {
        Fixture::new(Arc::new(FaultyLimiter {
            fault: self.0,
            inner: MemoryRateLimiter::new().with_clock(Arc::clone(&clock)),
            clock,
            windows: Mutex::default(),
            attempts: Mutex::default(),
        }))
    }
}

/// Asserts that the case passes without the fault and fails with it.
fn assert_case_detects(case: &str, fault: Fault) {
    check_limiter(&WithFault(None), case);
    assert_detected(case, fault, || check_limiter(&WithFault(Some(fault)), case));
}

#[test]
fn racy_counts_are_detected() {
    assert_case_detects("concurrent_attempts_share_the_limit", Fault::RacyCounts);
}

#[test]
fn counted_rejections_are_detected() {
    assert_case_detects(
        "rejected_attempts_are_not_counted",
        Fault::CountedRejections,
    );
}

#[test]
fn mixed_keys_are_detected() {
    assert_case_detects("keys_are_independent", Fault::MixedKeys);
}

#[test]
fn fixed_windows_are_detected() {
    assert_case_detects("no_period_exceeds_the_limit", Fault::FixedWindows);
}

#[test]
fn ignored_costs_are_detected() {
    assert_case_detects("attempts_take_their_cost", Fault::IgnoredCosts);
    assert_case_detects("concurrent_costs_share_the_limit", Fault::IgnoredCosts);
    assert_case_detects("costs_above_the_limit_are_rejected", Fault::IgnoredCosts);
}

#[test]
fn costs_of_rejected_attempts_are_detected() {
    assert_case_detects("rejected_costs_are_free", Fault::PartialCosts);
}

#[test]
fn limits_by_the_time_of_day_are_detected() {
    assert_case_detects("time_of_day_changes_no_decision", Fault::TimeOfDay);
}
