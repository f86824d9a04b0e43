//! The extension point of the optimistic commit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use votify_core::{Ballot, PollId};

use crate::batch_writes::BatchWrites;
use crate::error::Error;
use crate::poll_cache::{Generation, RowVersion};

/// The number of batches that are committed pessimistically after a conflict.
const BACKOFF_BATCHES: u32 = 32;

/// A database that can write a batch conditionally, in one statement.
#[async_trait]
pub(crate) trait OptimisticBackend: Send + Sync {
    type Row;

    fn backoff(&self) -> &OptimisticBackoff;

    /// Commits all writes if the cache was not invalidated, all polls have the expected
    /// row version, no other transaction holds their locks, and none of the voters has a
    /// history. Otherwise writes nothing.
    ///
    /// After [`Error::CommitUnknown`] the writes may be committed; after any other error
    /// they are not. They are never committed after another transaction changed one of the
    /// polls.
    async fn write(
        &self,
        write: ConditionalWrite<'_>,
    ) -> Result<ConditionalResult<Self::Row>, Error>;
}

/// The writes of a group, with their conditions.
#[derive(Debug)]
pub(crate) struct ConditionalWrite<'a> {
    /// The generation of the cached states.
    pub(crate) generation: Generation,
    /// The expected row versions: first of the polls that change, in the order of
    /// their tallies, then of the others. If one is `None`, nothing is written, and the
    /// call only reads.
    pub(crate) polls: Vec<(PollId, Option<RowVersion>)>,
    /// The ballots, whose voters must have no history.
    pub(crate) ballots: &'a [&'a Ballot],
    /// The ballots of polls that allow revotes: their ids are also searched among
    /// superseded ballots.
    pub(crate) revotable_ballots: &'a [&'a Ballot],
    pub(crate) writes: BatchWrites,
}

/// The result of a conditional write.
#[derive(Debug)]
pub(crate) enum ConditionalResult<R> {
    Committed {
        /// The row token of the written tallies.
        token: i64,
    },
    /// Nothing was written. Holds the row versions of the polls that exist and the
    /// histories of the voters, of one snapshot.
    Conflict {
        versions: Vec<(PollId, RowVersion)>,
        histories: HashMap<PollId, Vec<R>>,
    },
    /// Nothing was sent, because the cached states may be outdated.
    CacheInvalidated,
}

/// Pauses optimistic commits after a conflict, so that two instances that vote in the
/// same polls do not conflict forever.
#[derive(Debug, Default)]
pub(crate) struct OptimisticBackoff(AtomicU32);

impl OptimisticBackoff {
    /// Starts a pause.
    pub(crate) fn record_conflict(&self) {
        self.0.store(BACKOFF_BATCHES, Ordering::Relaxed);
    }

    /// Returns true if the next batch should be tried. Call this once per batch, because
    /// it counts the batches of a pause.
    pub(crate) fn should_try(&self) -> bool {
        let left = |batches: u32| batches.checked_sub(1);
        let counted = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        counted.is_err()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflict_pauses_the_next_32_batches() {
        let backoff = OptimisticBackoff::default();
        assert!(backoff.should_try());
        backoff.record_conflict();
        let paused = std::iter::repeat_with(|| backoff.should_try()).take_while(|tries| !tries);
        assert_eq!(paused.count(), 32);
        assert!(backoff.should_try());
    }
}
