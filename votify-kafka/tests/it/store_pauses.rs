//! The store is away while votes arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;
use votify_core::conformance::ForwardStore;
use votify_core::{Ballot, BatchReceipt, MemoryStore, Store, StoreError, Timestamp};

use crate::cluster::Cluster;
use crate::election::Election;

/// A store that can be away.
#[derive(Debug, Default)]
struct PausableStore {
    inner: MemoryStore,
    is_away: AtomicBool,
}

impl PausableStore {
    fn check(&self) -> Result<(), StoreError> {
        match self.is_away.load(Ordering::SeqCst) {
            true => Err(StoreError::unavailable("pausable", "the store is away")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl ForwardStore for PausableStore {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn before_call(&self) -> Result<(), StoreError> {
        self.check()
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        match self.check() {
            Ok(()) => self.inner.cast_ballots(ballots, now).await,
            Err(error) => BatchReceipt {
                outcomes: vec![Err(error); ballots.len()],
                tallies: Vec::new(),
            },
        }
    }
}

/// Votes are accepted meanwhile. The aggregator keeps its partitions, commits nothing, and
/// goes on by itself.
async fn votes_wait_for_the_store(pause: Duration) {
    let store = Arc::new(PausableStore::default());
    let cluster = Cluster::start();
    let election = Election::on(&cluster, Arc::<PausableStore>::clone(&store)).await;
    let polls = election.create_polls(12, false).await;
    let (_, metrics) = election.aggregate().await;
    let before = election.vote(&polls, 16, Duration::ZERO).await;
    election.assert_counted_once(&polls, &before).await;
    election.wait_for(async || metrics.read().lag == 0).await;
    store.is_away.store(true, Ordering::SeqCst);
    let during = election.vote(&polls, 160, Duration::from_millis(10)).await;
    // The same voters of before have voted again with other ballots.
    let new = during.len() - before.len();
    sleep(pause).await;
    assert!(metrics.read().paused, "{:?}", metrics.read());
    // Nothing is committed, and the votes that are not fetched show too.
    let lag = during.len() as u64;
    election.wait_for(async || metrics.read().lag == lag).await;
    store.is_away.store(false, Ordering::SeqCst);
    election.wait_for(async || metrics.read().lag == 0).await;
    let records = metrics.read().records;
    let sent = before.len() + during.len();
    assert_eq!(records, sent as u64, "no redelivery");
    for poll in &polls {
        let expected = (before.len() + new) / polls.len();
        assert_eq!(election.votes(poll.id).await, expected as u64);
        election.assert_exact(poll.id).await;
    }
}

/// Longer than the session timeout of 6 s, after which a member that is silent loses its
/// partitions.
#[tokio::test(flavor = "multi_thread")]
async fn votes_wait_for_a_store_that_is_away() {
    votes_wait_for_the_store(Duration::from_secs(9)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endurance_of_a_store_that_is_away_for_30_s() {
    votes_wait_for_the_store(Duration::from_secs(30)).await;
}
