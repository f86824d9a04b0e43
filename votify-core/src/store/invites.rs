use std::fmt;

use async_trait::async_trait;

use crate::id::PollId;
use crate::store::StoreError;
use crate::voter::VoterId;

/// Storage of the invited voters of polls whose [`VoterPolicy`](crate::VoterPolicy) is
/// `Invite`.
///
/// It stores the voter ids derived from codes, never the codes. It does not limit a code
/// to one ballot: the unique key of [`Store`](crate::Store) does.
///
/// # Laws
///
/// 1. [`invite`](Self::invite) invites all or none. A voter who is already invited counts
///    once, so a repeated call changes nothing.
/// 2. After [`Invited`](InviteOutcome::Invited) under some `max_invited`, no more than
///    that are invited, even under concurrent calls, across processes.
/// 3. An invited voter stays invited as long as the poll exists.
/// 4. Deleting a poll deletes its invites, including those of concurrent calls. Nobody is
///    invited to a poll that does not exist.
/// 5. Inviting does not change the poll, its tally or its position.
/// 6. [`invited`](Self::invited) returns its results in the order of the arguments.
/// 7. [`count`](Self::count) returns the number of voters for whom
///    [`invited`](Self::invited) returns true.
/// 8. Acknowledged invites are as durable as ballots.
///
/// After an `Err` nothing was written. The exception is [`StoreError::Unavailable`]: the
/// commit may have happened, and a repeated call settles it. Every method is cancel safe:
/// a dropped call happened entirely or not at all.
///
/// `votify_core::conformance` (feature `conformance`) tests an implementation.
#[async_trait]
pub trait InviteStore: fmt::Debug + Send + Sync + 'static {
    /// Invites these voters to a poll, unless more than `max_invited` would then be
    /// invited.
    ///
    /// # Errors
    /// - [`StoreError::PollNotFound`]: the poll does not exist.
    /// - [`StoreError::Unavailable`]: the database cannot be reached, and the voters may
    ///   be invited; retrying is safe.
    /// - [`StoreError::Failed`]: the database rejected the call; nobody was invited.
    async fn invite(
        &self,
        poll: PollId,
        voters: &[VoterId],
        max_invited: u64,
    ) -> Result<InviteOutcome, StoreError>;

    /// Returns whether each of these voters is invited, in their order. False if the poll
    /// does not exist.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<bool>, StoreError>;

    /// Returns the number of invited voters of a poll. 0 if the poll does not exist.
    ///
    /// # Errors
    /// - [`StoreError::Unavailable`]: the database cannot be reached; retry.
    /// - [`StoreError::Corrupt`]: the stored number cannot be read; the data needs repair.
    /// - [`StoreError::Failed`]: the database rejected the call.
    async fn count(&self, poll: PollId) -> Result<u64, StoreError>;
}

/// The outcome of [`InviteStore::invite`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteOutcome {
    /// The voters are invited.
    Invited {
        /// The number of invited voters of the poll.
        total: u64,
    },
    /// The voters would exceed the maximum, and none was invited.
    TooMany {
        /// The number of invited voters of the poll.
        total: u64,
    },
}
