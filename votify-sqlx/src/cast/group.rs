use votify_core::backend::PollBatch;
use votify_core::{Ballot, Timestamp};

/// Ballots of different polls that are committed in one transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'a> {
    /// The polls, ascending: the order in which they are locked.
    pub(super) polls: &'a [PollBatch],
    /// The ballots of the whole batch.
    pub(super) ballots: &'a [Ballot],
    pub(super) now: Timestamp,
}
