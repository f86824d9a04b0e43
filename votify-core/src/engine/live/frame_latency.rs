use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// A recorded latency is capped at this, so that the sum cannot overflow.
const MAX_LATENCY: Duration = Duration::from_secs(60);

/// The time from a publication until the watches that waited for it took its frames.
///
/// A viewer that was still busy with an older state records nothing: it waited for its
/// own client, not for this machine.
#[derive(Debug, Default)]
pub(super) struct FrameLatency {
    sum_micros: AtomicU64,
    samples: AtomicU32,
}

impl FrameLatency {
    pub(super) fn record(&self, latency: Duration) {
        let micros = u64::try_from(latency.min(MAX_LATENCY).as_micros()).unwrap_or(0);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
        self.samples.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the mean since the last call, or `None` without samples.
    ///
    /// The two counters are not read atomically: a sample recorded meanwhile may fall
    /// into the next mean, which is exact enough.
    pub(super) fn take(&self) -> Option<Duration> {
        let samples = self.samples.swap(0, Ordering::Relaxed);
        let micros = self.sum_micros.swap(0, Ordering::Relaxed);
        (samples > 0).then(|| Duration::from_micros(micros / u64::from(samples)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_is_reset_when_taken() {
        let latency = FrameLatency::default();
        assert_eq!(latency.take(), None);
        latency.record(Duration::from_millis(10));
        latency.record(Duration::from_millis(30));
        assert_eq!(latency.take(), Some(Duration::from_millis(20)));
        assert_eq!(latency.take(), None);
    }
}
