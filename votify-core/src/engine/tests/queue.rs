//! Votes through a queue: accepting, counting, closing, and the status of a ballot.

mod closing;
mod counting;
mod slow_reads;

use std::sync::Arc;
use std::time::Duration;

use super::{Harness, browser, first_option};
use crate::ballot::{Choice, ChoiceProblem, Refusal};
use crate::engine::{
    Aggregator, AggregatorMetrics, EngineConfig, EngineError, VoteOutcome, VoteStatus,
};
use crate::id::{BallotId, OptionId, PollId};
use crate::memory::{MemoryBroadcaster, MemoryQueue, MemoryStore};
use crate::poll::{ChangeRefusal, PollChange};
use crate::queue::QueueError;
use crate::store::{Store, StoreExt};
use crate::tally::Tally;
use crate::voter::Actor;

/// An engine with a queue. Nothing counts its ballots until
/// [`aggregate`](QueueHarness::aggregate).
struct QueueHarness {
    harness: Harness,
    queue: MemoryQueue,
}

impl QueueHarness {
    fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()), MemoryQueue::new())
    }

    fn on(store: Arc<dyn Store>, queue: MemoryQueue) -> Self {
        let harness = Harness::with(store, |builder| builder.queue(queue.clone()));
        Self { harness, queue }
    }

    /// Returns another engine on the same store and queue.
    fn second(&self, broadcaster: MemoryBroadcaster) -> Harness {
        Harness::with(Arc::clone(&self.harness.store), |builder| {
            builder
                .queue(self.queue.clone())
                .broadcaster(broadcaster)
                .clock(Arc::clone(&self.harness.clock))
        })
    }

    /// Starts an aggregator, which runs until the engine shuts down.
    fn aggregate(&self) -> AggregatorMetrics {
        let consumer = self.queue.consumer("votify");
        let aggregator = Aggregator::new(&self.harness.engine, consumer);
        let metrics = aggregator.metrics();
        tokio::spawn(aggregator.run());
        metrics
    }

    async fn cast(&self, poll: PollId, voter: u8, id: u8, choice: Choice) -> VoteOutcome {
        let receipt = self.try_cast(poll, voter, id, choice).await;
        receipt.unwrap()
    }

    async fn try_cast(
        &self,
        poll: PollId,
        voter: u8,
        id: u8,
        choice: Choice,
    ) -> Result<VoteOutcome, EngineError> {
        let engine = &self.harness.engine;
        let receipt = engine
            .cast(poll, &browser(voter), ballot_id(id), choice)
            .await?;
        if receipt.outcome == VoteOutcome::Queued {
            assert_eq!(
                receipt.view.counts(),
                None,
                "a queued ballot is not counted"
            );
        }
        Ok(receipt.outcome)
    }

    async fn status(&self, poll: PollId, voter: u8, id: u8) -> VoteStatus {
        let engine = &self.harness.engine;
        let voter = browser(voter);
        let status = engine.vote_status(poll, &voter, ballot_id(id)).await;
        status.unwrap()
    }

    async fn tally(&self, poll: PollId) -> Tally {
        self.harness.store.tally(poll).await.unwrap().unwrap()
    }

    /// Waits until the store has this tally of votes.
    async fn wait_for_votes(&self, poll: PollId, votes: u64) {
        wait_until(async || self.tally(poll).await.total_votes == votes).await;
    }

    async fn wait_for_seal(&self, poll: PollId) -> Tally {
        wait_until(async || self.tally(poll).await.sealed).await;
        self.tally(poll).await
    }
}

fn ballot_id(n: u8) -> BallotId {
    BallotId::from_bytes([n; 16])
}

/// Waits until the condition holds, at most 10 s.
async fn wait_until(condition: impl AsyncFn() -> bool) {
    for _ in 0..2_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the condition does not hold within 10 s");
}

#[tokio::test]
async fn queued_ballots_are_counted_by_the_aggregator() {
    let harness = QueueHarness::new();
    let poll = harness.harness.create_poll().await;
    let mut watch = harness.harness.watch(poll.id, &browser(9)).await;
    let first = super::next_frame(&mut watch).await;
    assert_eq!(first.view.total_votes(), Some(0));
    for voter in 1..4 {
        let queued = harness
            .cast(poll.id, voter, voter, first_option(&poll))
            .await;
        assert_eq!(queued, VoteOutcome::Queued);
        assert_eq!(
            harness.status(poll.id, voter, voter).await,
            VoteStatus::Queued
        );
    }
    // A retry is another record of the same ballot.
    harness.cast(poll.id, 1, 1, first_option(&poll)).await;
    assert_eq!(harness.tally(poll.id).await.total_votes, 0);
    let metrics = harness.aggregate();
    super::frame_where(&mut watch, |frame| frame.view.total_votes() == Some(3)).await;
    for voter in 1..4 {
        assert_eq!(
            harness.status(poll.id, voter, voter).await,
            VoteStatus::Counted
        );
    }
    wait_until(async || metrics.read().lag == 0).await;
    let stats = metrics.read();
    assert_eq!((stats.records, stats.set_aside), (4, 0));
    assert_eq!(harness.harness.engine.stats().counted, 3);
}

#[tokio::test]
async fn callers_wait_for_the_decision_of_their_ballots() {
    let harness = QueueHarness::new();
    let engine = &harness.harness.engine;
    let poll = harness.harness.create_poll().await;
    let id = poll.id;
    let decision = |voter: u8, ballot: u8| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let voter = browser(voter);
            engine.vote_decision(id, &voter, ballot_id(ballot)).await
        })
    };
    harness.cast(poll.id, 1, 1, first_option(&poll)).await;
    harness.cast(poll.id, 1, 2, first_option(&poll)).await;
    let (counted, refused) = (decision(1, 1), decision(1, 2));
    let (never_sent, waiting) = (decision(2, 3), decision(2, 3));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!counted.is_finished() && !refused.is_finished());
    harness.aggregate();
    assert_eq!(counted.await.unwrap().unwrap(), VoteStatus::Counted);
    let already = VoteStatus::Refused(Refusal::AlreadyVoted);
    assert_eq!(refused.await.unwrap().unwrap(), already);
    assert!(!never_sent.is_finished());
    waiting.abort();
    engine.close_poll(poll.id, Actor::Host).await.unwrap();
    let closed = VoteStatus::Refused(Refusal::Closed);
    assert_eq!(never_sent.await.unwrap().unwrap(), closed);
    let late = decision(3, 4);
    let other = harness.harness.create_poll().await;
    assert_eq!(late.await.unwrap().unwrap(), closed);
    let voter = browser(1);
    let unanswered = engine.vote_decision(other.id, &voter, ballot_id(9));
    let shutdown = engine.clone();
    let (unanswered, ()) = tokio::join!(unanswered, async move { shutdown.shutdown().await });
    assert!(matches!(unanswered, Err(EngineError::ShuttingDown)));
}

/// Far from the next look-up of all ballots, a new tally that viewers see makes them due.
#[tokio::test]
async fn callers_learn_of_decisions_with_the_tally() {
    let queue = MemoryQueue::new();
    let harness = Harness::with(Arc::new(MemoryStore::new()), |builder| {
        let config = EngineConfig {
            resync_interval: Duration::from_secs(3_600),
            ..EngineConfig::default()
        };
        builder.queue(queue.clone()).config(config)
    });
    let engine = &harness.engine;
    let poll = harness.create_poll().await;
    let _viewer = harness.watch(poll.id, &browser(9)).await;
    let queued = engine
        .cast(poll.id, &browser(1), ballot_id(1), first_option(&poll))
        .await;
    assert_eq!(queued.unwrap().outcome, VoteOutcome::Queued);
    let counted = tokio::spawn({
        let (engine, id) = (engine.clone(), poll.id);
        async move { engine.vote_decision(id, &browser(1), ballot_id(1)).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!counted.is_finished());
    let aggregator = Aggregator::new(engine, queue.consumer("votify"));
    tokio::spawn(aggregator.run());
    let counted = tokio::time::timeout(Duration::from_secs(10), counted).await;
    assert_eq!(counted.unwrap().unwrap().unwrap(), VoteStatus::Counted);
}

#[tokio::test]
async fn only_malformed_choices_are_refused_early() {
    let harness = QueueHarness::new();
    let engine = &harness.harness.engine;
    let poll = harness.harness.create_poll().await;
    let unknown = Choice::one(OptionId::from_bytes([7; 16]));
    // No definition of a poll allows as many options.
    let long = Choice::several((0..=100).map(|n| OptionId::from_bytes([n; 16])));
    let refused = harness.try_cast(poll.id, 1, 9, long).await.unwrap_err();
    assert!(matches!(refused, EngineError::Refused(Refusal::Invalid(_))));
    // Until the definition is known to be frozen, the malformed choice is queued too.
    let first = harness.cast(poll.id, 1, 1, unknown.clone()).await;
    assert_eq!(first, VoteOutcome::Queued);
    wait_until(async || {
        let refused = harness.try_cast(poll.id, 1, 2, unknown.clone()).await;
        match refused {
            Err(EngineError::Refused(Refusal::Invalid(problems))) => {
                assert!(!problems.is_empty());
                assert!(!problems.contains(&ChoiceProblem::ExpectedSingle));
                true
            }
            other => {
                assert_eq!(other.unwrap(), VoteOutcome::Queued);
                false
            }
        }
    })
    .await;
    // A second ballot, a withdrawal and a late ballot are decided in their order.
    harness.cast(poll.id, 1, 3, first_option(&poll)).await;
    harness.cast(poll.id, 1, 4, first_option(&poll)).await;
    harness.cast(poll.id, 1, 5, Choice::withdraw()).await;
    harness.aggregate();
    harness.wait_for_votes(poll.id, 1).await;
    assert_eq!(harness.status(poll.id, 1, 3).await, VoteStatus::Counted);
    let already = VoteStatus::Refused(Refusal::AlreadyVoted);
    wait_until(async || harness.status(poll.id, 1, 4).await == already).await;
    assert!(engine.uses_queue());
}

#[tokio::test]
async fn full_queue_is_an_error_with_a_retry() {
    let harness = QueueHarness::on(Arc::new(MemoryStore::new()), MemoryQueue::with_size(2, 2));
    let poll = harness.harness.create_poll().await;
    for id in 1..3 {
        harness.cast(poll.id, id, id, first_option(&poll)).await;
    }
    let full = harness.try_cast(poll.id, 3, 3, first_option(&poll)).await;
    let Err(error @ EngineError::Queue { .. }) = full else {
        panic!("{full:?}");
    };
    assert!(error.is_transient());
    let EngineError::Queue { error, retry_after } = error else {
        unreachable!();
    };
    assert!(matches!(error, QueueError::Full { .. }), "{error:?}");
    assert!(retry_after >= Duration::from_secs(1));
    harness.aggregate();
    harness.wait_for_votes(poll.id, 2).await;
    wait_until(async || {
        harness
            .try_cast(poll.id, 3, 3, first_option(&poll))
            .await
            .is_ok()
    })
    .await;
    harness.wait_for_votes(poll.id, 3).await;
}

#[tokio::test]
async fn rules_are_frozen_from_the_opening_on() {
    let harness = QueueHarness::new();
    let engine = &harness.harness.engine;
    let opens_at = harness.harness.in_seconds(60);
    let open = harness.harness.create_poll().await;
    let scheduled = harness
        .harness
        .create_poll_with(|draft| draft.opens_at = Some(opens_at))
        .await;
    let revote = |value| PollChange::default().revote(value);
    let frozen = engine.change_poll(open.id, revote(true), Actor::Host).await;
    assert!(matches!(
        frozen,
        Err(EngineError::ChangeRefused(ChangeRefusal::HasOpened {
            field: "revote"
        }))
    ));
    let title = PollChange::default().title("Dinner?");
    engine
        .change_poll(open.id, title, Actor::Host)
        .await
        .unwrap();
    let changed = engine.change_poll(scheduled.id, revote(true), Actor::Host);
    assert!(changed.await.unwrap().poll.rules.revote);
    // Before the opening, by the largest difference of clocks.
    harness.harness.clock.advance(Duration::from_secs(55));
    let frozen = engine.change_poll(scheduled.id, revote(false), Actor::Host);
    assert!(matches!(
        frozen.await,
        Err(EngineError::ChangeRefused(ChangeRefusal::HasOpened { .. }))
    ));
}

#[tokio::test]
async fn sealed_polls_are_answered_by_the_store() {
    let harness = QueueHarness::new();
    let engine = &harness.harness.engine;
    let poll = harness.harness.create_poll().await;
    harness.cast(poll.id, 1, 1, first_option(&poll)).await;
    harness.aggregate();
    let closing = engine.close_poll(poll.id, Actor::Host).await.unwrap();
    assert!(!closing.view.is_final());
    let tally = harness.wait_for_seal(poll.id).await;
    assert_eq!(tally.total_votes, 1);
    // The engine learns of the seal at the latest with the next refresh.
    wait_until(async || {
        let again = harness.cast(poll.id, 1, 1, first_option(&poll)).await;
        again == VoteOutcome::Replayed { revision: 1 }
    })
    .await;
    let late = harness.try_cast(poll.id, 2, 2, first_option(&poll)).await;
    assert!(matches!(late, Err(EngineError::Refused(Refusal::Closed))));
    let closed = engine.close_poll(poll.id, Actor::Host).await.unwrap();
    assert!(closed.view.is_final());
    assert_eq!(harness.status(poll.id, 1, 1).await, VoteStatus::Counted);
    let refused = VoteStatus::Refused(Refusal::Closed);
    assert_eq!(harness.status(poll.id, 2, 2).await, refused);
}
