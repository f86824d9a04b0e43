//! A store that counts tally reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use votify_core::ballot::ActiveBallot;
use votify_core::poll::SealCause;
use votify_core::store::{Audit, ChangeOutcome, PollFilter, SealOutcome};
use votify_core::{
    Ballot, BatchReceipt, MemoryStore, Page, PageRequest, Poll, PollChange, PollId, Store,
    StoreError, Tally, Timestamp, VoterId,
};

/// A `MemoryStore` that counts calls of [`Store::tallies`].
#[derive(Debug, Default)]
pub(crate) struct CountingStore {
    inner: MemoryStore,
    tally_reads: Arc<AtomicU64>,
}

impl CountingStore {
    /// Returns the shared counter of the calls.
    pub(crate) fn tally_reads(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.tally_reads)
    }
}

#[async_trait]
impl Store for CountingStore {
    fn backend(&self) -> &'static str {
        self.inner.backend()
    }

    fn invites(&self) -> Option<&dyn votify_core::InviteStore> {
        self.inner.invites()
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.inner.create_poll(poll).await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        self.inner.polls(ids).await
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        self.inner.list_polls(filter, page, now).await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        self.inner.change_poll(id, change, now).await
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        self.inner.seal_poll(id, cause, now).await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.inner.delete_poll(id).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        self.inner.cast_ballots(ballots, now).await
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        self.inner.ballots_of(poll, voters).await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        self.tally_reads.fetch_add(1, Ordering::Relaxed);
        self.inner.tallies(polls).await
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        self.inner.ballots(poll)
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        self.inner.audit_poll(id).await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.inner.repair_poll(id).await
    }
}
