//! Polls that close while votes are on their way, over two engines whose clocks differ.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::time::sleep;
use votify_core::engine::{EngineConfig, VoteStatus};
use votify_core::queue::{BallotQueue, BallotRecord, CloseMarker, QueueError};
use votify_core::{
    Actor, BallotId, Choice, Clock, EngineError, MemoryStore, Poll, PollDraft, PollEngine, Refusal,
    Store, StoreExt, SystemClock, Timestamp, VoteOutcome,
};
use votify_kafka::KafkaQueue;

use crate::cluster::Cluster;
use crate::election::{Acknowledged, Election, builder, config, voter};

/// The difference between the clocks of the two engines.
const SKEW: Duration = Duration::from_secs(2);

/// The system's clock, ahead by 2 s.
#[derive(Debug)]
struct AheadClock;

#[async_trait]
impl Clock for AheadClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().saturating_add(SKEW)
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }

    async fn sleep_until(&self, deadline: Timestamp) {
        let left = deadline.saturating_since(self.now());
        sleep(left).await;
    }
}

/// A queue that records the time of acceptance of each ballot, by the accepting node.
#[derive(Debug, Clone)]
struct RecordingQueue {
    inner: KafkaQueue,
    times: Arc<Mutex<HashMap<BallotId, Timestamp>>>,
}

#[async_trait]
impl BallotQueue for RecordingQueue {
    fn backend(&self) -> &'static str {
        self.inner.backend()
    }

    fn delivery_timeout(&self) -> Duration {
        self.inner.delivery_timeout()
    }

    async fn enqueue(&self, ballots: &[BallotRecord]) -> Vec<Result<(), QueueError>> {
        for record in ballots {
            let mut times = self.times.lock().unwrap();
            times.insert(record.ballot.id, record.accepted_at);
        }
        self.inner.enqueue(ballots).await
    }

    async fn enqueue_close(&self, markers: &[CloseMarker]) -> Vec<Result<(), QueueError>> {
        self.inner.enqueue_close(markers).await
    }

    async fn check_ready(&self) -> Result<(), QueueError> {
        self.inner.check_ready().await
    }
}

/// Two engines on one log and one store.
struct Fleet {
    election: Election,
    engines: [PollEngine; 2],
    times: Arc<Mutex<HashMap<BallotId, Timestamp>>>,
}

impl Fleet {
    async fn start() -> Self {
        let cluster = Cluster::with(|settings| settings.delivery_timeout(SKEW));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let queue = RecordingQueue {
            inner: cluster.queue().await,
            times: Arc::default(),
        };
        let config = EngineConfig {
            clock_skew: SKEW + Duration::from_millis(500),
            ..config()
        };
        let engine = || builder(&store).config(config.clone()).queue(queue.clone());
        let engines = [engine().build(), engine().clock(AheadClock).build()];
        Self {
            election: Election {
                settings: cluster.settings.clone(),
                store: Arc::clone(&store),
                engine: engines[0].clone(),
            },
            engines,
            times: Arc::clone(&queue.times),
        }
    }

    /// Casts ballots of one poll on both engines around its closing, each once. Returns
    /// those that were acknowledged.
    async fn vote_around_closing(&self, poll: &Poll, voters: u32) -> Vec<Acknowledged> {
        let closes_at = poll.closes_at.unwrap();
        // From 3 s before to 1 s after the closing time, by the first engine's clock.
        let (before, window) = (Duration::from_secs(3), Duration::from_secs(4));
        let remaining = closes_at.saturating_since(SystemClock.now());
        sleep(remaining.saturating_sub(before)).await;
        let casts = (0..voters).map(|number| async move {
            sleep(window * number / voters).await;
            let engine = &self.engines[number as usize % 2];
            let (voter, ballot) = (voter(number), BallotId::generate(engine.now()));
            let choice = Choice::one(poll.options[number as usize % 2].id);
            match engine.cast(poll.id, &voter, ballot, choice).await {
                Ok(receipt) => {
                    assert_eq!(receipt.outcome, VoteOutcome::Queued);
                    let poll = poll.id;
                    Some(Acknowledged {
                        poll,
                        voter,
                        ballot,
                    })
                }
                Err(EngineError::Refused(Refusal::Closed)) => None,
                Err(EngineError::Queue { .. } | EngineError::Overloaded { .. }) => None,
                Err(error) => panic!("{error:?}"),
            }
        });
        join_all(casts).await.into_iter().flatten().collect()
    }

    /// Checks that a poll is sealed, and that those ballots count that were accepted in
    /// time. Returns the numbers of ballots that were counted and refused.
    async fn check(&self, poll: &Poll, acknowledged: &[Acknowledged]) -> (u64, u64) {
        let election = &self.election;
        let is_sealed = async || {
            let tally = election.store.tally(poll.id).await.unwrap().unwrap();
            tally.sealed
        };
        election.wait_for(is_sealed).await;
        let closes_at = poll.closes_at.unwrap();
        let (mut counted, mut refused) = (0, 0);
        for cast in acknowledged {
            let accepted_at = self.times.lock().unwrap()[&cast.ballot];
            let expected = if accepted_at < closes_at {
                counted += 1;
                VoteStatus::Counted
            } else {
                refused += 1;
                VoteStatus::Refused(Refusal::Closed)
            };
            let status = election.status(cast).await;
            assert_eq!(
                status, expected,
                "accepted at {accepted_at}, closed at {closes_at}"
            );
        }
        // Ballots without an acknowledgement may count too.
        assert!(election.votes(poll.id).await >= counted);
        election.assert_exact(poll.id).await;
        (counted, refused)
    }
}

async fn close_under_load(closes: u32, voters: u32) {
    let fleet = Fleet::start().await;
    for engine in &fleet.engines {
        let consumer = fleet.election.consumer().await;
        tokio::spawn(votify_core::engine::Aggregator::new(engine, consumer).run());
    }
    let polls = (0..closes).map(|number| {
        let after = Duration::from_secs(6) + Duration::from_millis(100) * number;
        let closes_at = SystemClock.now().saturating_add(after);
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]).closes_at(closes_at);
        fleet.engines[0].create_poll(draft)
    });
    let polls: Vec<Arc<Poll>> = join_all(polls)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let votes = polls
        .iter()
        .map(|poll| fleet.vote_around_closing(poll, voters));
    let acknowledged = join_all(votes).await;
    let (mut counted, mut refused) = (0, 0);
    for (poll, acknowledged) in polls.iter().zip(&acknowledged) {
        let (more, less) = fleet.check(poll, acknowledged).await;
        counted += more;
        refused += less;
    }
    eprintln!("{closes} closes: {counted} votes counted, {refused} refused as late");
    assert!(
        counted > 0 && refused > 0,
        "votes must arrive before and after the closing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_that_were_accepted_in_time_count() {
    close_under_load(100, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endurance_of_100_closes_with_1000_votes_each() {
    close_under_load(100, 1_000).await;
}

/// The owner's close is a marker too: votes that were acknowledged before it count.
#[tokio::test(flavor = "multi_thread")]
async fn votes_before_the_owners_close_count() {
    let fleet = Fleet::start().await;
    let election = &fleet.election;
    let polls = election.create_polls(6, false).await;
    let acknowledged = election.vote(&polls, 50, Duration::ZERO).await;
    for poll in &polls {
        let closed = fleet.engines[1].close_poll(poll.id, Actor::Host).await;
        assert!(
            !closed.unwrap().poll.is_sealed(),
            "votes are still being counted"
        );
    }
    election.aggregate().await;
    for poll in &polls {
        let is_sealed = async || {
            let tally = election.store.tally(poll.id).await.unwrap().unwrap();
            tally.sealed
        };
        election.wait_for(is_sealed).await;
        assert_eq!(election.votes(poll.id).await, 50);
    }
    for cast in &acknowledged {
        assert_eq!(election.status(cast).await, VoteStatus::Counted);
    }
}
