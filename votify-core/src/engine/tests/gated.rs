use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use tokio::sync::Semaphore;

use crate::ballot::{ActiveBallot, Ballot, BatchReceipt};
use crate::id::PollId;
use crate::memory::MemoryStore;
use crate::poll::{Poll, PollChange, SealCause};
use crate::store::{Audit, ChangeOutcome, PollFilter, SealOutcome, Store, StoreError};
use crate::store::{Page, PageRequest};
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::voter::VoterId;

/// A store that casts only while it is let to, and panics when told to.
#[derive(Debug)]
pub(super) struct Gated {
    inner: MemoryStore,
    pub(super) gate: Semaphore,
    pub(super) panics: AtomicBool,
    pub(super) batches: Mutex<Vec<usize>>,
    /// How long each ballot of a batch takes.
    pub(super) pace: Mutex<Duration>,
    /// Whether a read that has begun comes back only when it is let to.
    pub(super) holds_reads: AtomicBool,
    pub(super) read_gate: Semaphore,
    /// How often polls and tallies were read.
    pub(super) reads: AtomicUsize,
}

impl Gated {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::new(),
            gate: Semaphore::new(0),
            panics: AtomicBool::new(false),
            batches: Mutex::default(),
            pace: Mutex::default(),
            holds_reads: AtomicBool::new(false),
            read_gate: Semaphore::new(0),
            reads: AtomicUsize::new(0),
        })
    }

    /// Begins a read; what it finds was found before this.
    async fn reading(&self) {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.holds_reads.load(Ordering::SeqCst) {
            self.read_gate.acquire().await.unwrap().forget();
        }
    }
}

#[async_trait]
impl Store for Gated {
    fn backend(&self) -> &'static str {
        "gated"
    }
    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.inner.create_poll(poll).await
    }
    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        let found = self.inner.polls(ids).await;
        self.reading().await;
        found
    }
    async fn list_polls(
        &self,
        f: &PollFilter,
        p: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        self.inner.list_polls(f, p, now).await
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
        self.batches.lock().unwrap().push(ballots.len());
        self.gate.acquire().await.unwrap().forget();
        let pace = *self.pace.lock().unwrap() * u32::try_from(ballots.len()).unwrap();
        if !pace.is_zero() {
            tokio::time::sleep(pace).await;
        }
        assert!(!self.panics.load(Ordering::SeqCst), "told to panic");
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
        let found = self.inner.tallies(polls).await;
        self.reading().await;
        found
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
