//! Aggregators that end at named points, as if their process was killed there.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use votify_core::conformance::ForwardStore;
use votify_core::queue::{DeliveredRecord, QueueBatch, QueueConsumer, QueueError};
use votify_core::{Ballot, BatchReceipt, MemoryStore, Store, Timestamp};
use votify_kafka::KafkaConsumer;

use crate::cluster::Cluster;
use crate::election::{Election, TASKS};

/// A place in the work of an aggregator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// A batch was read.
    Read,
    /// A batch is about to be cast.
    BeforeCast,
    /// The store has a batch, and the aggregator does not know.
    AfterCast,
    BeforeCommit,
    AfterCommit,
}

const POINTS: [Point; 5] = [
    Point::Read,
    Point::BeforeCast,
    Point::AfterCast,
    Point::BeforeCommit,
    Point::AfterCommit,
];

/// Stops the aggregator at the point that is set.
#[derive(Debug, Default)]
struct Trap {
    point: Mutex<Option<Point>>,
    reached: Notify,
}

impl Trap {
    fn set(&self, point: Option<Point>) {
        *self.point.lock().unwrap() = point;
    }

    async fn pass(&self, point: Point) {
        let is_set = *self.point.lock().unwrap() == Some(point);
        if is_set {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

#[derive(Debug)]
struct TrappedStore {
    inner: MemoryStore,
    trap: Arc<Trap>,
}

#[async_trait]
impl ForwardStore for TrappedStore {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        self.trap.pass(Point::BeforeCast).await;
        let receipt = self.inner.cast_ballots(ballots, now).await;
        self.trap.pass(Point::AfterCast).await;
        receipt
    }
}

#[derive(Debug)]
struct TrappedConsumer {
    inner: KafkaConsumer,
    trap: Arc<Trap>,
}

#[async_trait]
impl QueueConsumer for TrappedConsumer {
    fn backend(&self) -> &'static str {
        self.inner.backend()
    }

    async fn next_batch(&mut self, max: usize) -> Result<QueueBatch, QueueError> {
        let batch = self.inner.next_batch(max.min(50)).await;
        self.trap.pass(Point::Read).await;
        batch
    }

    async fn commit(&mut self, batch: &QueueBatch) -> Result<(), QueueError> {
        self.trap.pass(Point::BeforeCommit).await;
        let committed = self.inner.commit(batch).await;
        self.trap.pass(Point::AfterCommit).await;
        committed
    }

    async fn set_aside(
        &mut self,
        records: &[DeliveredRecord],
        reason: &str,
    ) -> Result<(), QueueError> {
        self.inner.set_aside(records, reason).await
    }

    async fn keep_alive(&mut self) -> Result<(), QueueError> {
        self.inner.keep_alive().await
    }

    fn lag(&self) -> u64 {
        self.inner.lag()
    }
}

/// Ends the aggregator this many times: at each point in turn, and at random in between.
async fn aggregators_end_at_points(kills: usize) {
    let trap = Arc::new(Trap::default());
    let store = TrappedStore {
        inner: MemoryStore::new(),
        trap: Arc::clone(&trap),
    };
    let cluster = Cluster::start();
    let election = Election::on(&cluster, Arc::new(store)).await;
    let polls = election.create_polls(12, false).await;
    // Votes arrive until the last kill: a member gets its partitions after 3 to 6 s.
    let voters = TASKS * 7 * u32::try_from(kills).unwrap();
    let mut at_points = 0;
    let kill = async {
        for kill in 0..kills {
            let point = (kill % 6 < 5).then(|| POINTS[kill % 6]);
            trap.set(point);
            let consumer = TrappedConsumer {
                inner: election.consumer().await,
                trap: Arc::clone(&trap),
            };
            let (task, _) = election.aggregate_with(consumer);
            if point.is_some() {
                let reached = timeout(Duration::from_secs(30), trap.reached.notified()).await;
                reached.expect("the aggregator reaches the point");
                at_points += 1;
            } else {
                sleep(Duration::from_millis(fastrand::u64(0..6_000))).await;
            }
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
        trap.set(None);
    };
    let (acknowledged, ()) =
        tokio::join!(election.vote(&polls, voters, Duration::from_secs(1)), kill);
    let (_, metrics) = election.aggregate().await;
    election.assert_counted_once(&polls, &acknowledged).await;
    election.wait_for(async || metrics.read().lag == 0).await;
    eprintln!("{kills} kills, {at_points} of them at named points");
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregators_that_end_at_named_points_count_each_vote_once() {
    aggregators_end_at_points(6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endurance_of_50_kills() {
    aggregators_end_at_points(50).await;
}
