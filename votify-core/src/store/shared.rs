use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::ballot::{ActiveBallot, Ballot, BatchReceipt};
use crate::id::PollId;
use crate::poll::{Poll, PollChange, SealCause};
use crate::store::{Audit, ChangeOutcome, InviteStore, PollFilter, SealOutcome, Store, StoreError};
use crate::store::{Page, PageRequest};
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::voter::VoterId;

/// A shared store is a store.
#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store + ?Sized> Store for Arc<S> {
    fn backend(&self) -> &'static str {
        (**self).backend()
    }

    fn invites(&self) -> Option<&dyn InviteStore> {
        (**self).invites()
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        (**self).create_poll(poll).await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        (**self).polls(ids).await
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        (**self).list_polls(filter, page, now).await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        (**self).change_poll(id, change, now).await
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        (**self).seal_poll(id, cause, now).await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        (**self).delete_poll(id).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        (**self).cast_ballots(ballots, now).await
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        (**self).ballots_of(poll, voters).await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        (**self).tallies(polls).await
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        (**self).ballots(poll)
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        (**self).audit_poll(id).await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        (**self).repair_poll(id).await
    }
}
