//! Votes through Kafka, from the engine to the store.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use votify_core::engine::{Aggregator, AggregatorMetrics, EngineBuilder, EngineConfig, VoteStatus};
use votify_core::queue::QueueConsumer;
use votify_core::{
    BallotId, Caller, Choice, EngineError, Keyring, Poll, PollDraft, PollEngine, PollId, SessionId,
    Store, StoreExt, VoteOutcome,
};

use votify_kafka::{KafkaConsumer, KafkaQueue, KafkaSettings};

use crate::cluster::Cluster;

const SECRET: &str = "a secret of the tests that is long enough";
/// How long a test waits for votes to be counted.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Tasks that vote at once.
pub(crate) const TASKS: u32 = 16;

/// A ballot that was acknowledged.
#[derive(Debug, Clone)]
pub(crate) struct Acknowledged {
    pub(crate) poll: PollId,
    pub(crate) voter: Caller,
    pub(crate) ballot: BallotId,
}

/// An engine with a store, whose votes go through the cluster.
pub(crate) struct Election {
    pub(crate) settings: KafkaSettings,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) engine: PollEngine,
}

pub(crate) fn config() -> EngineConfig {
    EngineConfig {
        schedule_interval: Duration::from_millis(50),
        resync_interval: Duration::from_millis(200),
        ..EngineConfig::default()
    }
}

pub(crate) fn builder(store: &Arc<dyn Store>) -> EngineBuilder {
    PollEngine::builder(Arc::clone(store))
        .config(config())
        .keyring(Keyring::new([SECRET]).unwrap())
}

impl Election {
    pub(crate) async fn on(cluster: &Cluster, store: Arc<dyn Store>) -> Self {
        Self::with_settings(cluster.settings.clone(), store).await
    }

    pub(crate) async fn with_settings(settings: KafkaSettings, store: Arc<dyn Store>) -> Self {
        let queue = KafkaQueue::connect(&settings).await.unwrap();
        let engine = builder(&store).queue(queue).build();
        Self {
            settings,
            store,
            engine,
        }
    }

    /// Joins the group of the aggregators.
    pub(crate) async fn consumer(&self) -> KafkaConsumer {
        let group = format!("{}-aggregators", self.settings.topic());
        KafkaConsumer::connect(&self.settings, &group)
            .await
            .unwrap()
    }

    pub(crate) async fn create_polls(&self, count: usize, revote: bool) -> Vec<Arc<Poll>> {
        let mut polls = Vec::new();
        for _ in 0..count {
            let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]).revote(revote);
            polls.push(self.engine.create_poll(draft).await.unwrap());
        }
        polls
    }

    /// Starts an aggregator, which runs until it is aborted or the engine shuts down.
    pub(crate) async fn aggregate(&self) -> (JoinHandle<()>, AggregatorMetrics) {
        self.aggregate_with(self.consumer().await)
    }

    pub(crate) fn aggregate_with(
        &self,
        consumer: impl QueueConsumer,
    ) -> (JoinHandle<()>, AggregatorMetrics) {
        let aggregator = Aggregator::new(&self.engine, consumer);
        let metrics = aggregator.metrics();
        (tokio::spawn(aggregator.run()), metrics)
    }

    /// Casts one ballot of each of these voters in each poll, every one until it is
    /// acknowledged, with a pause after each.
    pub(crate) async fn vote(
        &self,
        polls: &[Arc<Poll>],
        voters: u32,
        pause: Duration,
    ) -> Vec<Acknowledged> {
        let acknowledged = Mutex::new(Vec::new());
        let tasks = (0..TASKS).map(|task| {
            let acknowledged = &acknowledged;
            async move {
                for voter in (0..voters).filter(|voter| voter % TASKS == task) {
                    for poll in polls {
                        let cast = self.vote_once(poll, voter).await;
                        acknowledged.lock().unwrap().push(cast);
                    }
                    sleep(pause).await;
                }
            }
        });
        join_all(tasks).await;
        acknowledged.into_inner().unwrap()
    }

    /// Casts a ballot until it is acknowledged.
    async fn vote_once(&self, poll: &Poll, number: u32) -> Acknowledged {
        let voter = voter(number);
        let ballot = BallotId::generate(self.engine.now());
        let choice = Choice::one(poll.options[number as usize % 2].id);
        let started = Instant::now();
        loop {
            match self
                .engine
                .cast(poll.id, &voter, ballot, choice.clone())
                .await
            {
                Ok(receipt) => {
                    assert_eq!(receipt.outcome, VoteOutcome::Queued);
                    let poll = poll.id;
                    return Acknowledged {
                        poll,
                        voter,
                        ballot,
                    };
                }
                Err(EngineError::Queue { error, .. }) if error.is_transient() => {}
                Err(EngineError::Overloaded { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
            assert!(started.elapsed() < TIMEOUT, "a vote must be acknowledged");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until every acknowledged ballot is counted, and checks that each counts once.
    pub(crate) async fn assert_counted_once(
        &self,
        polls: &[Arc<Poll>],
        acknowledged: &[Acknowledged],
    ) {
        for poll in polls {
            let ballots = acknowledged.iter().filter(|cast| cast.poll == poll.id);
            let expected = ballots.count() as u64;
            self.wait_for(async || self.votes(poll.id).await >= expected)
                .await;
            let tally = self.store.tally(poll.id).await.unwrap().unwrap();
            assert_eq!(tally.total_votes, expected);
            // One change for each ballot: none was counted twice.
            assert_eq!(tally.position.revision, expected);
            self.assert_exact(poll.id).await;
        }
        for cast in acknowledged {
            assert_eq!(self.status(cast).await, VoteStatus::Counted);
        }
    }

    /// Asserts that the tally is equal to a recount.
    pub(crate) async fn assert_exact(&self, poll: PollId) {
        let audit = self.engine.audit_poll(poll).await.unwrap();
        assert!(audit.is_exact(), "{audit:?}");
    }

    pub(crate) async fn status(&self, cast: &Acknowledged) -> VoteStatus {
        let status = self.engine.vote_status(cast.poll, &cast.voter, cast.ballot);
        status.await.unwrap()
    }

    pub(crate) async fn votes(&self, poll: PollId) -> u64 {
        let tally = self.store.tally(poll).await.unwrap().unwrap();
        tally.total_votes
    }

    /// Waits until a condition holds, at most 60 s.
    pub(crate) async fn wait_for(&self, condition: impl AsyncFn() -> bool) {
        let started = Instant::now();
        while !condition().await {
            assert!(
                started.elapsed() < TIMEOUT,
                "the condition must hold in time"
            );
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Returns the voter with this number.
pub(crate) fn voter(number: u32) -> Caller {
    let mut session = [0; 16];
    session[..4].copy_from_slice(&number.to_be_bytes());
    Caller::session(SessionId::from_bytes(session))
}
