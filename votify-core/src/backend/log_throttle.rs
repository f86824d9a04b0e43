use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How often a log hears that it is still so.
const PAUSE: Duration = Duration::from_secs(10);

/// Keeps the log of an outage short, however many calls fail: its beginning, then a line every ten seconds at most, and
/// its end.
///
/// ```
/// use votify_core::backend::LogThrottle;
///
/// let outage = LogThrottle::default();
/// assert_eq!(outage.failed(), Some(1)); // worth a line
/// assert_eq!(outage.failed(), None);
/// assert!(outage.ended()); // worth a line
/// assert!(!outage.ended());
/// ```
#[derive(Debug, Default)]
pub struct LogThrottle {
    is_told: AtomicBool,
    failures: Mutex<Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    told: Option<Instant>,
    untold: u64,
}

impl LogThrottle {
    /// A call failed. If a line in the log is due: of how many failures it tells.
    #[must_use]
    pub fn record_failure(&self) -> Option<u64> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.untold += 1;
        if failures.told.is_some_and(|told| told.elapsed() < PAUSE) {
            return None;
        }
        failures.told = Some(Instant::now());
        self.is_told.store(true, Ordering::Relaxed);
        Some(std::mem::take(&mut failures.untold))
    }

    /// A call succeeded. Whether that is the end of an outage that the log was told of.
    #[must_use]
    pub fn record_success(&self) -> bool {
        // Calls that succeed are many, and need not write.
        self.is_told.load(Ordering::Relaxed) && self.is_told.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_long_outage_is_a_few_lines_and_so_is_one_that_comes_and_goes() {
        let outage = LogThrottle::default();
        assert!(!outage.record_success());
        assert_eq!(outage.record_failure(), Some(1));
        for _ in 0..99 {
            assert_eq!(outage.record_failure(), None);
        }
        tokio::time::advance(PAUSE).await;
        assert_eq!(outage.record_failure(), Some(100));
        assert!(outage.record_success());
        for _ in 0..50 {
            assert_eq!(outage.record_failure(), None);
            assert!(!outage.record_success(), "the log was not told of this one");
        }
        tokio::time::advance(PAUSE).await;
        assert_eq!(outage.record_failure(), Some(51));
        assert!(outage.record_success());
    }
}
