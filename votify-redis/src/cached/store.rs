use async_trait::async_trait;
use futures_util::stream::BoxStream;
use votify_core::ballot::{ActiveBallot, Ballot, BatchReceipt};
use votify_core::poll::{Poll, PollChange, SealCause};
use votify_core::store::{Audit, ChangeOutcome, PollFilter, SealOutcome};
use votify_core::store::{Page, PageRequest};
use votify_core::{PollId, Store, StoreError, Tally, Timestamp, VoterId};

use super::CachedStore;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store> Store for CachedStore<S> {
    /// The store's own name: it is what answers, and what fails.
    fn backend(&self) -> &'static str {
        self.shared.store.backend()
    }

    fn invites(&self) -> Option<&dyn votify_core::InviteStore> {
        self.shared.store.invites()
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.shared.create(poll).await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        match ids {
            [id] => Ok(vec![self.shared.poll(*id).await?]),
            _ => self.shared.store.polls(ids).await,
        }
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        self.shared.store.list_polls(filter, page, now).await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        self.shared.change(id, change, now).await
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        self.shared.seal(id, cause, now).await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.shared.delete(id).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        self.shared.cast(ballots, now).await
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        self.shared.store.ballots_of(poll, voters).await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        match polls {
            [poll] => Ok(vec![self.shared.tally(*poll).await?]),
            _ => self.shared.many_tallies(polls).await,
        }
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        self.shared.store.ballots(poll)
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        self.shared.store.audit_poll(id).await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.shared.repair(id).await
    }
}
