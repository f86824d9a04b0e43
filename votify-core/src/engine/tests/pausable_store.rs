use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::ballot::{Ballot, BatchReceipt};
use crate::conformance::ForwardStore;
use crate::id::PollId;
use crate::memory::MemoryStore;
use crate::poll::Poll;
use crate::store::{InviteStore, Store, StoreError};
use crate::tally::Tally;
use crate::time::Timestamp;

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
impl ForwardStore for PausableStore {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    fn backend(&self) -> &'static str {
        "pausable"
    }

    fn invites(&self) -> Option<&dyn InviteStore> {
        None
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        let polls = self.inner.polls(ids).await;
        self.record_read().await;
        polls
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        self.tally_reads.fetch_add(1, Ordering::SeqCst);
        let tallies = self.inner.tallies(polls).await;
        self.record_read().await;
        tallies
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
}
