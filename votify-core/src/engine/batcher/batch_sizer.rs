use std::time::Duration;

/// The smallest size to which slow batches shrink.
const MIN_BATCH: usize = 64;

/// Chooses the maximum size of the next batch: as large as allowed, smaller while the
/// store is slow.
///
/// After a batch that took longer than the target, the next ones have half of its size. A
/// full batch that took less than half of the target doubles the size again. A store that
/// is slow for a while therefore still replies in time, and no batch times out.
#[derive(Debug)]
pub(in crate::engine) struct BatchSizer {
    max: usize,
    size: usize,
    target: Duration,
}

impl BatchSizer {
    /// Starts with batches of at most `max`.
    pub(in crate::engine) const fn new(max: usize, target: Duration) -> Self {
        Self {
            max,
            size: max,
            target,
        }
    }

    pub(in crate::engine) const fn size(&self) -> usize {
        self.size
    }

    /// Adjusts the size after a batch of `ballots` that took `elapsed`.
    pub(in crate::engine) fn record(&mut self, ballots: usize, elapsed: Duration) {
        if elapsed > self.target {
            self.size = (ballots.min(self.size) / 2).max(MIN_BATCH).min(self.max);
        } else if ballots >= self.size && elapsed < self.target / 2 {
            self.size = self.size.saturating_mul(2).min(self.max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_millis(500);
    const SLOW: Duration = Duration::from_millis(501);
    const FAST: Duration = Duration::from_millis(100);

    #[test]
    fn size_shrinks_while_batches_are_slow_and_grows_back() {
        let mut sizer = BatchSizer::new(4_096, TARGET);
        sizer.record(4_096, SLOW);
        assert_eq!(sizer.size(), 2_048);
        sizer.record(300, SLOW);
        assert_eq!(sizer.size(), 150);
        for _ in 0..10 {
            sizer.record(sizer.size(), SLOW);
        }
        assert_eq!(sizer.size(), MIN_BATCH);
        sizer.record(MIN_BATCH, TARGET);
        assert_eq!(sizer.size(), MIN_BATCH, "a batch on target changes nothing");
        sizer.record(MIN_BATCH - 1, FAST);
        assert_eq!(sizer.size(), MIN_BATCH, "only a full batch grows the size");
        for _ in 0..10 {
            sizer.record(sizer.size(), FAST);
        }
        assert_eq!(sizer.size(), 4_096);
    }

    #[test]
    fn maximum_below_the_minimum_is_not_exceeded() {
        let mut sizer = BatchSizer::new(10, TARGET);
        sizer.record(10, SLOW);
        assert_eq!(sizer.size(), 10);
    }
}
