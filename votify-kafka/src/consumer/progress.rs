use std::collections::VecDeque;

/// The progress of a consumer in one partition, since the partition was assigned.
#[derive(Debug)]
pub(super) struct Progress {
    /// The number of the assignment.
    pub(super) assignment: u64,
    /// The log position before the first record of this assignment.
    start: u64,
    /// The log position of the last record that was delivered or set aside.
    last: u64,
    /// The log position of the last record that is known to be committed.
    committed: u64,
    /// The records that were set aside and not committed, each behind the position of the
    /// record before it.
    set_aside: VecDeque<SetAside>,
}

#[derive(Debug, Clone, Copy)]
struct SetAside {
    after: u64,
    position: u64,
}

impl Progress {
    /// Begins before the record at `position`.
    pub(super) fn new(assignment: u64, position: u64) -> Self {
        let start = position.saturating_sub(1);
        Self {
            assignment,
            start,
            last: start,
            committed: start,
            set_aside: VecDeque::new(),
        }
    }

    pub(super) fn record_delivered(&mut self, position: u64) {
        self.last = self.last.max(position);
    }

    pub(super) fn record_set_aside(&mut self, position: u64) {
        self.set_aside.push_back(SetAside {
            after: self.last,
            position,
        });
        self.last = self.last.max(position);
    }

    /// Returns the position up to which the log can be committed if everything up to `end`
    /// was counted: also the records behind it that were set aside. `None` if nothing new
    /// is committed, or if `end` is from before this assignment.
    pub(super) fn committable(&self, end: u64) -> Option<u64> {
        if end < self.start {
            return None;
        }
        let mut end = end.max(self.committed);
        for aside in &self.set_aside {
            if aside.after > end {
                break;
            }
            end = end.max(aside.position);
        }
        (end > self.committed).then_some(end)
    }

    /// Returns the position up to which records that were set aside can be committed,
    /// because no record before them waits for its commit.
    pub(super) fn committable_set_aside(&self) -> Option<u64> {
        self.committable(self.committed)
    }

    pub(super) fn record_committed(&mut self, end: u64) {
        self.committed = self.committed.max(end);
        let committed = self.committed;
        self.set_aside.retain(|aside| aside.position > committed);
    }

    /// Returns the number of records up to `last` that are not committed.
    pub(super) fn lag(&self, last: u64) -> u64 {
        last.max(self.last).saturating_sub(self.committed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_never_move_backwards() {
        let mut progress = Progress::new(1, 11);
        progress.record_delivered(20);
        assert_eq!(progress.committable(15), Some(15));
        progress.record_committed(20);
        assert_eq!(progress.committable(15), None);
        assert_eq!(progress.committable(20), None);
        assert_eq!((progress.lag(0), progress.lag(25)), (0, 5));
    }

    #[test]
    fn commits_from_before_the_assignment_are_ignored() {
        let mut progress = Progress::new(2, 61);
        progress.record_delivered(70);
        assert_eq!(progress.committable(50), None);
        assert_eq!(progress.committable(70), Some(70));
    }

    #[test]
    fn commits_cover_the_records_set_aside_behind_them() {
        let mut progress = Progress::new(1, 1);
        progress.record_delivered(3);
        progress.record_set_aside(4);
        progress.record_set_aside(5);
        progress.record_delivered(6);
        progress.record_set_aside(7);
        assert_eq!(progress.committable_set_aside(), None);
        assert_eq!(progress.committable(2), Some(2));
        assert_eq!(progress.committable(3), Some(5));
        progress.record_committed(5);
        assert_eq!(progress.committable(6), Some(7));
        progress.record_committed(7);
        assert_eq!(progress.lag(7), 0);
    }

    #[test]
    fn records_set_aside_with_nothing_before_them_are_committable() {
        let mut progress = Progress::new(1, 41);
        progress.record_set_aside(41);
        progress.record_set_aside(42);
        assert_eq!(progress.committable_set_aside(), Some(42));
        progress.record_committed(42);
        assert_eq!(progress.committable_set_aside(), None);
    }
}
