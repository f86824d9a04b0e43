use std::collections::VecDeque;

use tokio::time::Instant;

use crate::queue::entry::EntryId;

/// A partition of which this consumer is the owner.
#[derive(Debug)]
pub(super) struct OwnedPartition {
    /// The last entry that was read.
    pub(super) cursor: EntryId,
    /// The entries that were read and not committed.
    uncommitted: VecDeque<ReadEntry>,
    /// The number of records behind the last commit, as last known.
    pub(super) lag: u64,
    /// Since when another consumer waits for the partition.
    pub(super) wanted_since: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct ReadEntry {
    id: EntryId,
    /// True if the entry is no record. It was set aside and is never delivered, so nobody
    /// commits it by its position.
    is_unreadable: bool,
}

impl OwnedPartition {
    pub(super) fn new(committed: EntryId, lag: u64) -> Self {
        Self {
            cursor: committed,
            uncommitted: VecDeque::new(),
            lag,
            wanted_since: None,
        }
    }

    pub(super) fn has_uncommitted(&self) -> bool {
        !self.uncommitted.is_empty()
    }

    pub(super) fn record_read(&mut self, id: EntryId, is_unreadable: bool) {
        self.cursor = id;
        self.uncommitted.push_back(ReadEntry { id, is_unreadable });
    }

    /// Returns the number of entries that a commit of `position` covers, and the last of
    /// them. `None` if it covers none.
    pub(super) fn covered_by(&self, position: u64) -> Option<(usize, EntryId)> {
        let is_covered = |entry: &&ReadEntry| entry.is_unreadable || entry.id.position <= position;
        let count = self.uncommitted.iter().take_while(is_covered).count();
        let last = self.uncommitted.get(count.checked_sub(1)?)?;
        Some((count, last.id))
    }

    pub(super) fn remove_committed(&mut self, count: usize) {
        self.uncommitted.drain(..count.min(self.uncommitted.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(position: u64) -> EntryId {
        EntryId {
            position,
            ordinal: position * 10,
        }
    }

    #[test]
    fn commits_cover_unreadable_entries_behind_them() {
        let mut partition = OwnedPartition::new(id(4), 6);
        for (position, is_unreadable) in [(5, false), (6, true), (7, false), (8, true), (9, true)] {
            partition.record_read(id(position), is_unreadable);
        }
        assert_eq!(partition.covered_by(4), None);
        assert_eq!(partition.covered_by(5), Some((2, id(6))));
        partition.remove_committed(2);
        assert!(partition.has_uncommitted());
        assert_eq!(partition.covered_by(5), None);
        assert_eq!(partition.covered_by(100), Some((3, id(9))));
        partition.remove_committed(3);
        assert!(!partition.has_uncommitted());
        assert_eq!(partition.cursor, id(9));
    }

    #[test]
    fn unreadable_entries_alone_need_no_commit_of_a_record() {
        let mut partition = OwnedPartition::new(id(4), 1);
        partition.record_read(id(5), true);
        assert_eq!(partition.covered_by(0), Some((1, id(5))));
    }
}
