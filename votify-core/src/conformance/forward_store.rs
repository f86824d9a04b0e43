use std::fmt;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::backend::group_by_poll;
use crate::ballot::{ActiveBallot, Ballot, BatchReceipt};
use crate::id::{BallotId, PollId};
use crate::poll::{JoinCode, Poll, PollChange, PollState, SealCause};
use crate::store::{
    Audit, ChangeOutcome, InviteStore, Page, PageRequest, PollCount, PollFilter, SealOutcome,
    Store, StoreError,
};
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::voter::{OwnerId, VoterId};

/// A store for tests that forwards every call to another store.
///
/// Every type that implements it is a [`Store`]. An implementation overrides the methods
/// that it observes or changes.
#[async_trait]
pub trait ForwardStore: fmt::Debug + Send + Sync + 'static {
    /// Returns the store that receives the next call.
    fn inner(&self) -> &dyn Store;

    /// Runs before every call that is not overridden, except [`Store::ballots`] and the
    /// synchronous ones. Defaults to doing nothing.
    ///
    /// # Errors
    /// The call returns the error and is not forwarded.
    async fn before_call(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Forwards [`Store::backend`].
    fn backend(&self) -> &'static str {
        self.inner().backend()
    }

    /// Forwards [`Store::invites`].
    fn invites(&self) -> Option<&dyn InviteStore> {
        self.inner().invites()
    }

    /// Forwards [`Store::polls`].
    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        self.before_call().await?;
        self.inner().polls(ids).await
    }

    /// Forwards [`Store::list_polls`].
    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError> {
        self.before_call().await?;
        self.inner().list_polls(filter, page, now).await
    }

    /// Forwards [`Store::tallies`].
    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        self.before_call().await?;
        self.inner().tallies(polls).await
    }

    /// Forwards [`Store::cast_ballots`].
    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        if let Err(error) = self.before_call().await {
            let mut receipt = BatchReceipt::unknown_polls(ballots.len());
            for part in group_by_poll(ballots) {
                receipt.fail(&part, &error);
            }
            return receipt;
        }
        self.inner().cast_ballots(ballots, now).await
    }

    /// Forwards [`Store::seal_polls`].
    async fn seal_polls(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>> {
        if let Err(error) = self.before_call().await {
            return ids.iter().map(|_| Err(error.clone())).collect();
        }
        self.inner().seal_polls(ids, cause, now).await
    }

    /// Forwards [`Store::server_time`].
    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.before_call().await?;
        self.inner().server_time().await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: ForwardStore> Store for S {
    fn backend(&self) -> &'static str {
        ForwardStore::backend(self)
    }

    fn invites(&self) -> Option<&dyn InviteStore> {
        ForwardStore::invites(self)
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.before_call().await?;
        self.inner().create_poll(poll).await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        ForwardStore::polls(self, ids).await
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError> {
        ForwardStore::list_polls(self, filter, page, now).await
    }

    async fn count_polls(
        &self,
        filter: &PollFilter,
        now: Timestamp,
    ) -> Result<PollCount, StoreError> {
        self.before_call().await?;
        self.inner().count_polls(filter, now).await
    }

    async fn count_session_polls(&self, max: u64) -> Result<u64, StoreError> {
        self.before_call().await?;
        self.inner().count_session_polls(max).await
    }

    async fn poll_by_join_code(
        &self,
        code: &JoinCode,
        now: Timestamp,
    ) -> Result<Option<PollId>, StoreError> {
        self.before_call().await?;
        self.inner().poll_by_join_code(code, now).await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        self.before_call().await?;
        self.inner().change_poll(id, change, now).await
    }

    async fn seal_polls(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>> {
        ForwardStore::seal_polls(self, ids, cause, now).await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.before_call().await?;
        self.inner().delete_poll(id).await
    }

    async fn delete_unused_poll(&self, id: PollId) -> Result<bool, StoreError> {
        self.before_call().await?;
        self.inner().delete_unused_poll(id).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        ForwardStore::cast_ballots(self, ballots, now).await
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        self.before_call().await?;
        self.inner().ballots_of(poll, voters).await
    }

    async fn accepted(
        &self,
        poll: PollId,
        ballots: &[(VoterId, BallotId)],
    ) -> Result<Vec<bool>, StoreError> {
        self.before_call().await?;
        self.inner().accepted(poll, ballots).await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        ForwardStore::tallies(self, polls).await
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        self.inner().ballots(poll)
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        self.before_call().await?;
        self.inner().audit_poll(id).await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.before_call().await?;
        self.inner().repair_poll(id).await
    }

    async fn claim_owner(&self, account: OwnerId, session: OwnerId) -> Result<bool, StoreError> {
        self.before_call().await?;
        self.inner().claim_owner(account, session).await
    }

    async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
        self.before_call().await?;
        self.inner().claimed_owners(accounts).await
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        ForwardStore::server_time(self).await
    }

    async fn check_ready(&self) -> Result<(), StoreError> {
        self.before_call().await?;
        self.inner().check_ready().await
    }
}
