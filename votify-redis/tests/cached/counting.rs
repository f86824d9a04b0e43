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

use crate::scene::Behind;

/// A store that counts what reaches it.
pub(crate) struct CountingStore {
    behind: Behind,
    calls: AtomicU64,
    ballots: AtomicU64,
    after_cast: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl fmt::Debug for CountingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.behind.fmt(f)
    }
}

impl CountingStore {
    pub(crate) fn of(behind: Behind) -> Arc<Self> {
        Arc::new(Self {
            behind,
            calls: AtomicU64::new(0),
            ballots: AtomicU64::new(0),
            after_cast: Mutex::default(),
        })
    }

    /// Has this done once, between the next commit and its answer.
    pub(crate) fn after_cast(&self, done: impl FnOnce() + Send + 'static) {
        *self.after_cast.lock().unwrap() = Some(Box::new(done));
    }

    /// How often it was called since this was asked last, for whatever.
    pub(crate) fn calls_seen(&self) -> u64 {
        self.calls.swap(0, Ordering::SeqCst)
    }

    /// How many ballots it was given since this was asked last.
    pub(crate) fn ballots_seen(&self) -> u64 {
        self.ballots.swap(0, Ordering::SeqCst)
    }

    fn counted(&self) -> &Behind {
        self.calls.fetch_add(1, Ordering::SeqCst);
        &self.behind
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for CountingStore {
    fn backend(&self) -> &'static str {
        self.behind.backend()
    }

    fn invites(&self) -> Option<&dyn votify_core::InviteStore> {
        self.behind.invites()
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.counted().create_poll(poll).await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        self.counted().polls(ids).await
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        self.counted().list_polls(filter, page, now).await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        self.counted().change_poll(id, change, now).await
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        self.counted().seal_poll(id, cause, now).await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.counted().delete_poll(id).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        let count = u64::try_from(ballots.len()).unwrap();
        self.ballots.fetch_add(count, Ordering::SeqCst);
        let receipt = self.counted().cast_ballots(ballots, now).await;
        let done = self.after_cast.lock().unwrap().take();
        if let Some(done) = done {
            done();
        }
        receipt
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        self.counted().ballots_of(poll, voters).await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        self.counted().tallies(polls).await
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        self.counted().ballots(poll)
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        self.counted().audit_poll(id).await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.counted().repair_poll(id).await
    }
}
