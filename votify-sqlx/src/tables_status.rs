use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as AsyncMutex;
use votify_core::backend::LogThrottle;

use crate::error::Error;

/// The minimum interval between the checks that a readiness probe starts. A table may be
/// missing without an error, because batches use cached states.
pub(crate) const PROBE_INTERVAL: Duration = Duration::from_secs(10);

/// Remembers whether the tables of a running store are complete.
#[derive(Debug, Default)]
pub(crate) struct TablesStatus {
    /// True while the tables are current, as far as is known.
    is_current: AtomicBool,
    /// The message, since the tables of a running store were found incomplete.
    problem: Mutex<Option<String>>,
    /// The start of the last check. Locked during a check, so that concurrent calls share
    /// one.
    pub(crate) last_check: AsyncMutex<Option<Instant>>,
    throttle: LogThrottle,
}

impl TablesStatus {
    pub(crate) fn is_current(&self) -> bool {
        self.is_current.load(Ordering::Relaxed)
    }

    /// Returns true if the tables were current once, and are not complete now.
    pub(crate) fn has_problem(&self) -> bool {
        self.lock_problem().is_some()
    }

    /// Fails if the tables are incomplete.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &*self.lock_problem() {
            Some(problem) => Err(Error::TablesUnusable(problem.clone())),
            None => Ok(()),
        }
    }

    pub(crate) fn record_current(&self) {
        *self.lock_problem() = None;
        self.is_current.store(true, Ordering::Relaxed);
        if self.throttle.record_success() {
            tracing::info!("the tables are complete again");
        }
    }

    pub(crate) fn record_problem(&self, error: &Error, storage: impl FnOnce() -> String) {
        *self.lock_problem() = Some(error.to_string());
        self.is_current.store(false, Ordering::Relaxed);
        if let Some(checks) = self.throttle.record_failure() {
            tracing::error!(
                checks, %error, storage = storage(),
                "the tables were changed; the store refuses calls until they are complete"
            );
        }
    }

    fn lock_problem(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
