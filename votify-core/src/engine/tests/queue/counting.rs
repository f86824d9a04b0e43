//! Aggregators with failing stores, restarts and several consumers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::{QueueHarness, ballot_id, wait_until};
use crate::ballot::{Ballot, BatchReceipt, Choice};
use crate::conformance::ForwardStore;
use crate::engine::tests::{browser, first_option};
use crate::engine::{Aggregator, VoteOutcome};
use crate::id::PollId;
use crate::memory::{MemoryBroadcaster, MemoryQueue, MemoryStore};
use crate::store::{Store, StoreError};
use crate::time::Timestamp;
use crate::voter::Actor;

/// A store that is away, or that rejects the ballots of one poll.
#[derive(Debug)]
struct UnreliableStore {
    inner: MemoryStore,
    is_away: AtomicBool,
    /// Rejects every call, as a server does after the user has lost its privileges.
    rejects_all: AtomicBool,
    /// Fails every second batch after it was written.
    loses_replies: AtomicBool,
    batches: AtomicU32,
    rejected: std::sync::Mutex<Option<PollId>>,
}

impl UnreliableStore {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::new(),
            is_away: AtomicBool::new(false),
            rejects_all: AtomicBool::new(false),
            loses_replies: AtomicBool::new(false),
            batches: AtomicU32::new(0),
            rejected: std::sync::Mutex::default(),
        })
    }
}

fn fail_all(ballots: &[Ballot], error: &StoreError) -> BatchReceipt {
    BatchReceipt {
        outcomes: vec![Err(error.clone()); ballots.len()],
        tallies: Vec::new(),
    }
}

#[async_trait]
impl ForwardStore for UnreliableStore {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn before_call(&self) -> Result<(), StoreError> {
        if self.rejects_all.load(Ordering::SeqCst) {
            return Err(StoreError::failed("unreliable", "permission denied"));
        }
        match self.is_away.load(Ordering::SeqCst) {
            true => Err(StoreError::unavailable("unreliable", "the store is away")),
            false => Ok(()),
        }
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        if let Err(error) = self.before_call().await {
            return fail_all(ballots, &error);
        }
        let rejected = *self.rejected.lock().unwrap();
        let kept: Vec<Ballot> = ballots
            .iter()
            .filter(|ballot| Some(ballot.poll) != rejected)
            .cloned()
            .collect();
        let receipt = self.inner.cast_ballots(&kept, now).await;
        let batch = self.batches.fetch_add(1, Ordering::SeqCst);
        if self.loses_replies.load(Ordering::SeqCst) && batch.is_multiple_of(2) {
            let lost = StoreError::unavailable("unreliable", "the reply was lost");
            return fail_all(ballots, &lost);
        }
        let mut outcomes = receipt.outcomes.into_iter();
        let corrupt = || Err(StoreError::corrupt("unreliable", "the poll is corrupt"));
        BatchReceipt {
            outcomes: ballots
                .iter()
                .map(|ballot| match Some(ballot.poll) == rejected {
                    true => corrupt(),
                    false => outcomes.next().unwrap(),
                })
                .collect(),
            tallies: receipt.tallies,
        }
    }
}

#[tokio::test]
async fn votes_are_accepted_while_the_store_is_away() {
    let store = UnreliableStore::new();
    let harness = QueueHarness::on(Arc::<UnreliableStore>::clone(&store), MemoryQueue::new());
    let poll = harness.harness.create_poll().await;
    let metrics = harness.aggregate();
    harness.cast(poll.id, 1, 1, first_option(&poll)).await;
    harness.wait_for_votes(poll.id, 1).await;
    store.is_away.store(true, Ordering::SeqCst);
    for voter in 2..30 {
        let queued = harness
            .cast(poll.id, voter, voter, first_option(&poll))
            .await;
        assert_eq!(queued, VoteOutcome::Queued);
    }
    // Nothing is committed meanwhile.
    wait_until(async || metrics.read().paused && metrics.read().lag == 28).await;
    store.is_away.store(false, Ordering::SeqCst);
    harness.wait_for_votes(poll.id, 29).await;
    wait_until(async || metrics.read().lag == 0 && !metrics.read().paused).await;
    assert!(
        harness
            .harness
            .engine
            .audit_poll(poll.id)
            .await
            .unwrap()
            .is_exact()
    );
}

/// Neither votes nor close markers are set aside.
#[tokio::test]
async fn votes_wait_while_the_store_rejects_every_call() {
    let store = UnreliableStore::new();
    let harness = QueueHarness::on(Arc::<UnreliableStore>::clone(&store), MemoryQueue::new());
    let polls = [
        harness.harness.create_poll().await,
        harness.harness.create_poll().await,
    ];
    for voter in 1..11 {
        for poll in &polls {
            let option = first_option(poll);
            harness.cast(poll.id, voter, voter, option).await;
        }
    }
    harness
        .harness
        .engine
        .close_poll(polls[0].id, Actor::Host)
        .await
        .unwrap();
    store.rejects_all.store(true, Ordering::SeqCst);
    let metrics = harness.aggregate();
    wait_until(async || metrics.read().paused).await;
    // Five rejections take 0.75 s.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(metrics.read().set_aside, 0);
    store.rejects_all.store(false, Ordering::SeqCst);
    for poll in &polls {
        harness.wait_for_votes(poll.id, 10).await;
    }
    harness.wait_for_seal(polls[0].id).await;
    wait_until(async || metrics.read().lag == 0).await;
    assert!(harness.queue.dead_records().is_empty());
}

#[tokio::test]
async fn lost_replies_count_no_ballot_twice() {
    let store = UnreliableStore::new();
    store.loses_replies.store(true, Ordering::SeqCst);
    let harness = QueueHarness::on(Arc::<UnreliableStore>::clone(&store), MemoryQueue::new());
    let adjust = |draft: &mut crate::PollDraft| draft.rules.revote = true;
    let poll = harness.harness.create_poll_with(adjust).await;
    let metrics = harness.aggregate();
    for n in 0..10_u8 {
        harness
            .cast(poll.id, 1, 4 * n + 1, first_option(&poll))
            .await;
        harness
            .cast(poll.id, 1, 4 * n + 2, Choice::withdraw())
            .await;
        // Refused. If it were decided again, it would remove the next vote.
        harness
            .cast(poll.id, 1, 4 * n + 3, Choice::withdraw())
            .await;
        harness
            .cast(poll.id, 1, 4 * n + 4, first_option(&poll))
            .await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    wait_until(async || metrics.read().lag == 0).await;
    let tally = harness.tally(poll.id).await;
    assert_eq!(tally.total_votes, 1);
    // Three changes in each round: the vote of the round before is replaced.
    assert_eq!(tally.position.revision, 30);
    assert!(
        harness
            .harness
            .engine
            .audit_poll(poll.id)
            .await
            .unwrap()
            .is_exact()
    );
}

#[tokio::test]
async fn corrupt_poll_blocks_no_other() {
    let store = UnreliableStore::new();
    // One partition, so that both polls share it.
    let queue = MemoryQueue::with_size(1, 1_000);
    let harness = QueueHarness::on(Arc::<UnreliableStore>::clone(&store), queue);
    let (corrupt, poll) = (
        harness.harness.create_poll().await,
        harness.harness.create_poll().await,
    );
    *store.rejected.lock().unwrap() = Some(corrupt.id);
    for voter in 1..4 {
        harness
            .cast(corrupt.id, voter, voter, first_option(&corrupt))
            .await;
        harness
            .cast(poll.id, voter, voter, first_option(&poll))
            .await;
    }
    let metrics = harness.aggregate();
    harness.wait_for_votes(poll.id, 3).await;
    wait_until(async || metrics.read().lag == 0).await;
    assert_eq!(metrics.read().set_aside, 3);
    let dead = harness.queue.dead_records();
    assert!(
        dead.iter()
            .all(|(record, _)| record.record.poll() == corrupt.id)
    );
    assert!(dead[0].1.contains("unreliable"), "{}", dead[0].1);
}

#[tokio::test]
async fn several_aggregators_and_restarts_count_each_ballot_once() {
    const VOTERS: u8 = 200;
    let harness = QueueHarness::new();
    let other = harness.second(MemoryBroadcaster::new());
    let mut polls = Vec::new();
    for _ in 0..5 {
        polls.push(harness.harness.create_poll().await);
    }
    let restart = async {
        // Each aggregator is dropped at some await, with its batch not committed.
        for n in 0..20_u64 {
            let engine = [&harness.harness.engine, &other.engine][(n % 2) as usize];
            let aggregator = Aggregator::new(engine, harness.queue.consumer("votify"));
            let lifetime = Duration::from_micros(500 + 700 * (n % 7));
            let _ = tokio::time::timeout(lifetime, aggregator.run()).await;
        }
    };
    let steady = harness.aggregate();
    let vote = async {
        for voter in 0..VOTERS {
            for poll in &polls {
                let cast = harness
                    .cast(poll.id, voter, voter, first_option(poll))
                    .await;
                assert_eq!(cast, VoteOutcome::Queued);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(restart, vote);
    for poll in &polls {
        harness.wait_for_votes(poll.id, VOTERS.into()).await;
        let tally = harness.tally(poll.id).await;
        assert_eq!(tally.position.revision, u64::from(VOTERS));
        assert!(
            harness
                .harness
                .engine
                .audit_poll(poll.id)
                .await
                .unwrap()
                .is_exact()
        );
    }
    wait_until(async || steady.read().lag == 0).await;
}

#[tokio::test]
async fn viewers_of_other_engines_see_counted_ballots() {
    let broadcaster = MemoryBroadcaster::new();
    let harness = QueueHarness::new();
    let counting = harness.second(broadcaster.clone());
    let viewing = harness.second(broadcaster);
    let poll = harness.harness.create_poll().await;
    let mut watch = viewing.watch(poll.id, &browser(1)).await;
    super::super::next_frame(&mut watch).await;
    let aggregator = Aggregator::new(&counting.engine, harness.queue.consumer("votify"));
    tokio::spawn(aggregator.run());
    let voter = browser(2);
    let cast = viewing
        .engine
        .cast(poll.id, &voter, ballot_id(2), first_option(&poll));
    assert_eq!(cast.await.unwrap().outcome, VoteOutcome::Queued);
    let frame = super::super::frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1));
    assert_eq!(frame.await.vote_sample.len(), 1);
    counting.engine.shutdown().await;
}
