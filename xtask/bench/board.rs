use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Who has seen which revision of a poll, and when the last of all did.
#[derive(Debug)]
pub(crate) struct Board {
    start: Instant,
    viewers: u32,
    revisions: Box<[Seen]>,
}

#[derive(Debug, Default)]
struct Seen {
    by: AtomicU32,
    /// Microseconds since the start; 0 until then.
    by_all_at: AtomicU64,
}

impl Board {
    /// For so many viewers, and revisions below `revisions`.
    pub(crate) fn new(viewers: u32, revisions: usize) -> Self {
        let revisions = (0..revisions).map(|_| Seen::default()).collect();
        Self {
            start: Instant::now(),
            viewers,
            revisions,
        }
    }

    /// A viewer that had seen everything below `from` now sees `to`, and with it all between.
    pub(crate) fn saw(&self, from: usize, to: usize) {
        for seen in self.revisions.iter().take(to + 1).skip(from) {
            if seen.by.fetch_add(1, Ordering::Relaxed) + 1 == self.viewers {
                let now = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
                seen.by_all_at.store(now.max(1), Ordering::Relaxed);
            }
        }
    }

    /// When the last viewer saw `revision` or a later one; `None` if some have not yet.
    pub(crate) fn seen_by_all(&self, revision: usize) -> Option<Instant> {
        let micros = self
            .revisions
            .get(revision)?
            .by_all_at
            .load(Ordering::Relaxed);
        (micros > 0).then(|| self.start + Duration::from_micros(micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_revision_shows_the_earlier_ones_too() {
        let board = Board::new(2, 10);
        board.saw(0, 3);
        assert_eq!(board.seen_by_all(1), None);
        board.saw(0, 1);
        let first = board.seen_by_all(1).unwrap();
        assert_eq!(board.seen_by_all(2), None);
        board.saw(2, 5);
        assert!(board.seen_by_all(2).unwrap() >= first);
        assert_eq!(board.seen_by_all(4), None);
    }
}
