//! Rate limiters with one fault each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use votify_core::MemoryRateLimiter;
use votify_core::backend::SlidingWindow;
use votify_core::conformance::{Fixture, LimiterFixture, check_limiter};
use votify_core::limit::{LimitError, LimitKey, Rate, RateDecision, RateLimiter};
use votify_core::time::Timestamp;

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
}

#[derive(Debug, Default)]
struct FaultyLimiter {
    fault: Option<Fault>,
    inner: MemoryRateLimiter,
    windows: Mutex<HashMap<LimitKey, SlidingWindow>>,
    attempts: Mutex<HashMap<LimitKey, Vec<Timestamp>>>,
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
        now: Timestamp,
    ) -> Result<RateDecision, LimitError> {
        match self.fault {
            None => self.inner.acquire(key, rate, now).await,
            Some(Fault::MixedKeys) => {
                let shared_key = LimitKey::from_bytes([0; 16]);
                self.inner.acquire(&shared_key, rate, now).await
            }
            Some(Fault::RacyCounts) => {
                let window = self.windows.lock().unwrap().get(key).copied();
                let mut window = window.unwrap_or_default();
                tokio::task::yield_now().await;
                let permit = window.acquire(rate, now);
                self.windows.lock().unwrap().insert(*key, window);
                Ok(permit)
            }
            Some(fault) => {
                let mut attempts = self.attempts.lock().unwrap();
                let attempts = attempts.entry(*key).or_default();
                attempts.push(now);
                let minute = |time: Timestamp| time.as_micros() / 60_000_000;
                let counts = |time: &&Timestamp| match fault {
                    Fault::FixedWindows => minute(**time) == minute(now),
                    _ => now.saturating_since(**time) < rate.period(),
                };
                Ok(permit(attempts.iter().filter(counts).count(), rate))
            }
        }
    }
}

fn permit(used: usize, rate: &Rate) -> RateDecision {
    let used = u32::try_from(used).unwrap();
    let remaining = u32::from(rate.limit()).checked_sub(used);
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
    async fn fresh(&self) -> Fixture<dyn RateLimiter> {
        Fixture::new(Arc::new(FaultyLimiter {
            fault: self.0,
            ..FaultyLimiter::default()
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
