use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The time between two viewers, unless they are too many for it. Another instance
/// accepts 500 reconnecting viewers a second without a delay for its own viewers.
const MAX_PAUSE: Duration = Duration::from_millis(2);

/// Ends all watches one after the other, so that their viewers do not all reconnect at
/// once.
#[derive(Debug)]
pub(super) struct Drain {
    started_at: Instant,
    /// The time between two viewers.
    pause: Duration,
    scheduled: AtomicU32,
    /// Cancelled once no viewer is left.
    pub(super) drained: CancellationToken,
}

impl Drain {
    /// Schedules the disconnections of `viewers`; the last one is before `timeout` ends.
    pub(super) fn new(viewers: u64, timeout: Duration, now: Instant) -> Self {
        let viewers = u32::try_from(viewers).unwrap_or(u32::MAX).max(1);
        Self {
            started_at: now,
            pause: MAX_PAUSE.min(timeout / viewers),
            scheduled: AtomicU32::new(0),
            drained: CancellationToken::new(),
        }
    }

    /// Returns the time at which the calling viewer is disconnected. Each viewer calls
    /// this once.
    pub(super) fn next(&self) -> Instant {
        self.started_at + self.pause * self.scheduled.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_leave_evenly_within_the_limit() {
        let now = Instant::now();
        let drain = Drain::new(10_000, Duration::from_secs(5), now);
        let times: Vec<_> = (0..10_000).map(|_| drain.next() - now).collect();
        assert!(times.is_sorted());
        let half = u32::try_from(times.partition_point(|at| *at < Duration::from_millis(2_500)));
        assert_eq!(half, Ok(5_000));
        assert!(times[9_999] < Duration::from_secs(5));
    }

    #[test]
    fn few_viewers_leave_before_the_limit() {
        let now = Instant::now();
        let drain = Drain::new(3, Duration::from_secs(5), now);
        let last = [(); 3].map(|()| drain.next() - now)[2];
        assert_eq!(last, MAX_PAUSE * 2);
        assert_eq!(
            Drain::new(0, Duration::from_secs(5), now).next(),
            now,
            "without viewers there is no pause"
        );
    }
}
