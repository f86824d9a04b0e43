use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The least time between two viewers who go: 500 a second come back elsewhere without being felt there.
const PAUSE: Duration = Duration::from_millis(2);

/// All viewers leaving, one after the other, so that they do not all come back at once.
#[derive(Debug)]
pub(super) struct Departure {
    begun: Instant,
    /// The time between two of them.
    pause: Duration,
    gone: AtomicU32,
    pub(super) all_gone: CancellationToken,
}

impl Departure {
    /// Lets so many viewers go, the last of them before `within` is over.
    pub(super) fn new(viewers: u64, within: Duration, now: Instant) -> Self {
        let viewers = u32::try_from(viewers).unwrap_or(u32::MAX).max(1);
        Self {
            begun: now,
            pause: PAUSE.min(within / viewers),
            gone: AtomicU32::new(0),
            all_gone: CancellationToken::new(),
        }
    }

    /// When the viewer who asks leaves; each asks once.
    pub(super) fn next(&self) -> Instant {
        self.begun + self.pause * self.gone.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_go_evenly_until_the_time_is_over() {
        let now = Instant::now();
        let departure = Departure::new(10_000, Duration::from_secs(5), now);
        let leaves: Vec<_> = (0..10_000).map(|_| departure.next() - now).collect();
        assert!(leaves.is_sorted());
        let half = u32::try_from(leaves.partition_point(|at| *at < Duration::from_millis(2_500)));
        assert_eq!(half, Ok(5_000));
        assert!(leaves[9_999] < Duration::from_secs(5));
    }

    #[test]
    fn a_few_viewers_do_not_take_all_of_it() {
        let now = Instant::now();
        let departure = Departure::new(3, Duration::from_secs(5), now);
        let last = [(); 3].map(|()| departure.next() - now)[2];
        assert_eq!(last, PAUSE * 2);
        assert_eq!(
            Departure::new(0, Duration::from_secs(5), now).next(),
            now,
            "nobody watches"
        );
    }
}
