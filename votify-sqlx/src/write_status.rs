use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use votify_core::backend::LogThrottle;

use crate::error::Error;

/// The minimum interval between two probes.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);

/// Remembers that the storage takes no writes, such as a full disk, until a probe is
/// written. Reads succeed in the meantime, so that they show nothing.
#[derive(Debug, Default)]
pub(crate) struct WriteStatus {
    has_failed: AtomicBool,
    last_probe: Mutex<Option<Instant>>,
    throttle: LogThrottle,
}

impl WriteStatus {
    /// Records that a write failed because the storage takes none. `storage` names the
    /// storage in the log.
    pub(crate) fn record_failure(&self, error: &Error, storage: impl FnOnce() -> String) {
        self.has_failed.store(true, Ordering::Relaxed);
        if let Some(failures) = self.throttle.record_failure() {
            tracing::error!(
                failures, %error, storage = storage(),
                "the storage takes no writes: check its free space, its permissions and the locks of other programs; the store is not ready until it does"
            );
        }
    }

    pub(crate) fn record_success(&self) {
        self.has_failed.store(false, Ordering::Relaxed);
        if self.throttle.record_success() {
            tracing::info!("the storage takes writes again");
        }
    }

    /// Returns true if a write has failed, and no probe has succeeded since.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Returns true if it is time for another probe, which the caller then begins.
    pub(crate) fn should_probe(&self, now: Instant) -> bool {
        let mut last = self
            .last_probe
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| now < last + PROBE_INTERVAL) {
            return false;
        }
        *last = Some(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_is_remembered_and_probed_every_2_s() {
        let status = WriteStatus::default();
        assert!(!status.has_failed());
        status.record_failure(&Error::Unwritable, || "test".into());
        assert!(status.has_failed());
        let now = Instant::now();
        assert!(status.should_probe(now));
        assert!(!status.should_probe(now + PROBE_INTERVAL / 2));
        assert!(status.should_probe(now + PROBE_INTERVAL));
        status.record_success();
        assert!(!status.has_failed());
    }
}
