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
use crate::store::{
    Audit, ChangeOutcome, InviteStore, Page, PageRequest, PollFilter, SealOutcome, Store,
    StoreError,
};
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::voter::VoterId;

/// A store that casts a batch only with a permit, counts reads, and can pause reads or
/// panic.
#[derive(Debug)]
pub(super) struct PausableStore {
    inner: MemoryStore,
    /// Each batch takes one permit.
    pub(super) cast_permits: Semaphore,
    pub(super) panic_on_cast: AtomicBool,
    pub(super) batch_sizes: Mutex<Vec<usize>>,
    /// How long each ballot of a batch takes.
    pub(super) time_per_ballot: Mutex<Duration>,
    /// True if each started read returns only with a permit.
    pub(super) pause_reads: AtomicBool,
    pub(super) read_permits: Semaphore,
    /// The number of reads of polls and tallies.
    pub(super) reads: AtomicUsize,
    /// The number of reads of tallies.
    pub(super) tally_reads: AtomicUsize,
}

impl PausableStore {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::new(),
            cast_permits: Semaphore::new(0),
            panic_on_cast: AtomicBool::new(false),
            batch_sizes: Mutex::default(),
            time_per_ballot: Mutex::default(),
            pause_reads: AtomicBool::new(false),
            read_permits: Semaphore::new(0),
            reads: AtomicUsize::new(0),
            tally_reads: AtomicUsize::new(0),
        })
    }

    /// Returns the numbers of reads of polls and of tallies since the last call.
    pub(super) fn take_reads(&self) -> (usize, usize) {
        let tallies = self.tally_reads.swap(0, Ordering::SeqCst);
        let polls = self.reads.swap(0, Ordering::SeqCst) - tallies;
        (polls, tallies)
    }

    /// Counts a read whose result was read before, and pauses it if reads are paused.
    async fn record_read(&self) {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.pause_reads.load(Ordering::SeqCst) {
            self.read_permits.acquire().await.unwrap().forget();
        }
    }
}

#[async_trait]
impl Store for PausableStore {
    fn backend(&self) -> &'static str {
        "pausable"
    }
    fn invites(&self) -> Option<&dyn InviteStore> {
        None
    }
    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.inner.create_poll(poll).await
    }
    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        let polls = self.inner.polls(ids).await;
        self.record_read().await;
        polls
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
        self.batch_sizes.lock().unwrap().push(ballots.len());
        self.cast_permits.acquire().await.unwrap().forget();
        let time = *self.time_per_ballot.lock().unwrap() * u32::try_from(ballots.len()).unwrap();
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
        assert!(
            !self.panic_on_cast.load(Ordering::SeqCst),
            "the test asked for this panic"
        );
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
        self.tally_reads.fetch_add(1, Ordering::SeqCst);
        let tallies = self.inner.tallies(polls).await;
        self.record_read().await;
        tallies
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
