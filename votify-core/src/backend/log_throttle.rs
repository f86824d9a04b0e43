use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The minimum interval between two log lines about failures.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Limits the log of an outage to its start, one line per 10 s, and its end.
///
/// ```
/// use votify_core::backend::LogThrottle;
///
/// let throttle = LogThrottle::default();
/// assert_eq!(throttle.record_failure(), Some(1)); // log it
/// assert_eq!(throttle.record_failure(), None);
/// assert!(throttle.record_success()); // log the end of the outage
/// assert!(!throttle.record_success());
/// ```
#[derive(Debug, Default)]
pub struct LogThrottle {
    is_outage_logged: AtomicBool,
    failures: Mutex<Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    last_logged: Option<Instant>,
    unlogged: u64,
}

impl LogThrottle {
    /// Records a failed call. If a log line is due, returns the number of failures since
    /// the last one.
    #[must_use]
    pub fn record_failure(&self) -> Option<u64> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.unlogged += 1;
        if failures
            .last_logged
            .is_some_and(|last| last.elapsed() < LOG_INTERVAL)
        {
            return None;
        }
        failures.last_logged = Some(Instant::now());
        self.is_outage_logged.store(true, Ordering::Relaxed);
        Some(std::mem::take(&mut failures.unlogged))
    }

    /// Records a successful call. Returns true if it ends an outage that was logged.
    #[must_use]
    pub fn record_success(&self) -> bool {
        // The load avoids a write, and so a contended cache line, on every successful
        // call.
        self.is_outage_logged.load(Ordering::Relaxed)
            && self.is_outage_logged.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn long_and_flapping_outages_log_once_per_interval() {
        let throttle = LogThrottle::default();
        assert!(!throttle.record_success());
        assert_eq!(throttle.record_failure(), Some(1));
        for _ in 0..99 {
            assert_eq!(throttle.record_failure(), None);
        }
        tokio::time::advance(LOG_INTERVAL).await;
        assert_eq!(throttle.record_failure(), Some(100));
        assert!(throttle.record_success());
        for _ in 0..50 {
            assert_eq!(throttle.record_failure(), None);
            assert!(!throttle.record_success(), "this outage was not logged");
        }
        tokio::time::advance(LOG_INTERVAL).await;
        assert_eq!(throttle.record_failure(), Some(51));
        assert!(throttle.record_success());
    }
}
