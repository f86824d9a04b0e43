use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::id::PollId;
use crate::store::StoreError;
use crate::voter::VoterId;

/// Keeps who was invited to polls, beside the polls themselves: for polls whose
/// [`VoterPolicy`](crate::VoterPolicy) is `Invite`.
///
/// What is kept is the voter that a code stands for, never the code. That a code is good for one ballot is the business of
/// [`Store`](crate::Store) and its unique key, and not known here.
///
/// # Laws
///
/// 1. [`invite`](Self::invite) invites all or none. Who was invited before counts once, so sending it again changes nothing.
/// 2. After an [`Invited`](InviteOutcome::Invited) under some `most` no more than that are invited, also where several invite at
///    the same time, across processes.
/// 3. Who was invited stays so as long as the poll exists.
/// 4. A deleted poll takes its invitations with it, also those that race its deletion, and nobody is invited to a poll that
///    does not exist.
/// 5. InviteOutcome leaves the poll, its tally and its position alone.
/// 6. [`invited`](Self::invited) answers in the order asked.
/// 7. What was acknowledged is as durable as a ballot.
///
/// After an `Err` nothing happened, except after [`StoreError::Unavailable`]: nobody knows, and sending it again settles it.
/// Every method is cancel safe in this sense: a call that is dropped happened entirely or not at all.
///
/// `votify_core::conformance` tests one.
#[async_trait]
pub trait InviteStore: fmt::Debug + Send + Sync + 'static {
    /// Invites these voters to a poll, unless more than `most` would be invited to it then.
    ///
    /// # Errors
    /// [`StoreError::PollNotFound`], or a failure.
    async fn invite(
        &self,
        poll: PollId,
        voters: &[VoterId],
        most: u64,
    ) -> Result<InviteOutcome, StoreError>;

    /// Whether each of these voters is invited, in their order. To a poll that does not exist nobody is.
    ///
    /// # Errors
    /// A failure.
    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<bool>, StoreError>;
}

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteOutcome {
    /// They are invited.
    Invited {
        /// How many are invited to the poll now.
        total: u64,
    },
    /// It would be too many, and nobody was invited.
    TooMany {
        /// How many are invited to the poll.
        total: u64,
    },
}

/// A shared store is a store.
#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: InviteStore + ?Sized> InviteStore for Arc<S> {
    async fn invite(
        &self,
        poll: PollId,
        voters: &[VoterId],
        most: u64,
    ) -> Result<InviteOutcome, StoreError> {
        (**self).invite(poll, voters, most).await
    }

    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<bool>, StoreError> {
        (**self).invited(poll, voters).await
    }
}
