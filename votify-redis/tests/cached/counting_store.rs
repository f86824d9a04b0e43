use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use votify_core::ballot::{ActiveBallot, BatchReceipt};
use votify_core::poll::SealCause;
use votify_core::store::{Audit, ChangeOutcome, PollFilter, SealOutcome};
use votify_core::store::{Page, PageRequest};
use votify_core::{Ballot, Poll, PollChange, PollId, Store, StoreError, Tally, Timestamp, VoterId};

use crate::harness::InnerStore;

/// A store that counts its calls and ballots.
pub(crate) struct CountingStore {
    inner: InnerStore,
    calls: AtomicU64,
    ballots: AtomicU64,
    after_cast: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl fmt::Debug for CountingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl CountingStore {
    pub(crate) fn new(inner: InnerStore) -> Arc<Self> {
        Arc::new(Self {
            inner,
            calls: AtomicU64::new(0),
            ballots: AtomicU64::new(0),
            after_cast: Mutex::default(),
        })
    }

    /// Runs `action` once, after the next commit and before its reply.
    pub(crate) fn after_cast(&self, action: impl FnOnce() + Send + 'static) {
        *self.after_cast.lock().unwrap() = Some(Box::new(action));
    }

    /// Returns the number of calls since the last call of this function.
    pub(crate) fn take_calls(&self) -> u64 {
        self.calls.swap(0, Ordering::SeqCst)
    }

    /// Returns the number of ballots since the last call of this function.
    pub(crate) fn take_ballots(&self) -> u64 {
        self.ballots.swap(0, Ordering::SeqCst)
    }

    fn count_call(&self) -> &InnerStore {
        self.calls.fetch_add(1, Ordering::SeqCst);
        &self.inner
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for CountingStore {
    fn backend(&self) -> &'static str {
        self.inner.backend()
    }

    fn invites(&self) -> Option<&dyn votify_core::InviteStore> {
        self.inner.invites()
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.count_call().create_poll(poll).await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        self.count_call().polls(ids).await
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        self.count_call().list_polls(filter, page, now).await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        self.count_call().change_poll(id, change, now).await
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        self.count_call().seal_poll(id, cause, now).await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.count_call().delete_poll(id).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        let count = u64::try_from(ballots.len()).unwrap();
        self.ballots.fetch_add(count, Ordering::SeqCst);
        let receipt = self.count_call().cast_ballots(ballots, now).await;
        let action = self.after_cast.lock().unwrap().take();
        if let Some(action) = action {
            action();
        }
        receipt
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        self.count_call().ballots_of(poll, voters).await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        self.count_call().tallies(polls).await
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        self.count_call().ballots(poll)
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        self.count_call().audit_poll(id).await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.count_call().repair_poll(id).await
    }
}
