use std::time::Duration;

/// Batches are not made smaller than this.
const LEAST: usize = 64;

/// How large the next batch may be: as large as allowed, unless the store takes long over it.
///
/// A batch that took longer than the goal was too large, and the next ones are half of its size; full ones that take less than half of the
/// goal let it grow again. So a store that is slow for a while still answers in time, and none of its batches is cut off.
#[derive(Debug)]
pub(super) struct Pace {
    most: usize,
    now: usize,
    goal: Duration,
}

impl Pace {
    /// Begins with the most.
    pub(super) const fn new(most: usize, goal: Duration) -> Self {
        Self {
            most,
            now: most,
            goal,
        }
    }

    pub(super) const fn batch(&self) -> usize {
        self.now
    }

    /// Learns how long a batch of so many took.
    pub(super) fn note(&mut self, ballots: usize, took: Duration) {
        if took > self.goal {
            self.now = (ballots.min(self.now) / 2).max(LEAST).min(self.most);
        } else if ballots >= self.now && took < self.goal / 2 {
            self.now = self.now.saturating_mul(2).min(self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOAL: Duration = Duration::from_millis(500);
    const SLOW: Duration = Duration::from_millis(501);
    const QUICK: Duration = Duration::from_millis(100);

    #[test]
    fn batches_shrink_while_the_store_is_slow_and_grow_back() {
        let mut pace = Pace::new(4_096, GOAL);
        pace.note(4_096, SLOW);
        assert_eq!(pace.batch(), 2_048);
        pace.note(300, SLOW);
        assert_eq!(pace.batch(), 150);
        for _ in 0..10 {
            pace.note(pace.batch(), SLOW);
        }
        assert_eq!(pace.batch(), LEAST);
        pace.note(LEAST, GOAL);
        assert_eq!(pace.batch(), LEAST, "neither slow nor quick");
        pace.note(LEAST - 1, QUICK);
        assert_eq!(pace.batch(), LEAST, "it was not full");
        for _ in 0..10 {
            pace.note(pace.batch(), QUICK);
        }
        assert_eq!(pace.batch(), 4_096);
    }

    #[test]
    fn a_small_bound_stays_a_bound() {
        let mut pace = Pace::new(10, GOAL);
        pace.note(10, SLOW);
        assert_eq!(pace.batch(), 10);
    }
}
