use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use votify_core::queue::{BallotQueue, BallotRecord, QueueBatch, QueueConsumer, QueueRecord};
use votify_core::{BallotId, Choice, OptionId, PollId, Timestamp};
use votify_redis::{Redis, RedisQueue, RedisQueueConfig, RedisQueueConsumer};
use votify_test_support::ballots::voter;

/// The shortest lease, so that tests need not wait.
pub(crate) const LEASE: Duration = Duration::from_secs(1);
/// Far above every delay of a test.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) fn config() -> RedisQueueConfig {
    RedisQueueConfig {
        lease: LEASE,
        ..RedisQueueConfig::default()
    }
}

pub(crate) fn one_partition() -> RedisQueueConfig {
    RedisQueueConfig {
        partitions: Some(1),
        ..config()
    }
}

/// Opens a queue, as each process would open its own.
pub(crate) async fn open_queue(url: &str, config: RedisQueueConfig) -> RedisQueue {
    let redis = Redis::connect(url).await.unwrap();
    RedisQueue::open(redis, config).await.unwrap()
}

pub(crate) fn poll(number: u8) -> PollId {
    PollId::from_bytes([number; 16])
}

pub(crate) fn ballot_id(number: u32) -> BallotId {
    let mut bytes = [0; 16];
    bytes[12..].copy_from_slice(&number.to_be_bytes());
    BallotId::from_bytes(bytes)
}

pub(crate) fn record(poll: PollId, number: u32) -> BallotRecord {
    BallotRecord {
        ballot: votify_core::Ballot {
            id: ballot_id(number),
            poll,
            voter: voter(number),
            choice: Choice::one(OptionId::from_bytes([9; 16])),
            address: None,
            accepted: None,
        },
        accepted_at: Timestamp::EPOCH,
    }
}

/// Appends the ballots with these numbers to one poll.
pub(crate) async fn enqueue(queue: &RedisQueue, id: PollId, numbers: impl Iterator<Item = u32>) {
    let records: Vec<_> = numbers.map(|number| record(id, number)).collect();
    for result in queue.enqueue(&records).await {
        result.unwrap();
    }
}

/// Returns the ids of a batch's ballots.
pub(crate) fn ids(batch: &QueueBatch) -> Vec<BallotId> {
    let records = batch.records.iter();
    records
        .map(|delivered| match &delivered.record {
            QueueRecord::Ballot(ballot) => ballot.id,
            QueueRecord::Close(marker) => panic!("{marker:?} was not sent"),
        })
        .collect()
}

/// Reads exactly `count` records.
pub(crate) async fn read(consumer: &mut RedisQueueConsumer, count: usize) -> QueueBatch {
    let mut all = QueueBatch::default();
    while all.records.len() < count {
        let rest = count - all.records.len();
        let batch = timeout(TIMEOUT, consumer.next_batch(rest)).await.unwrap();
        all.records.extend(batch.unwrap().records);
    }
    all
}

/// Returns the next batch, or `None` if none arrives within 300 ms.
pub(crate) async fn try_read(consumer: &mut RedisQueueConsumer) -> Option<QueueBatch> {
    let batch = timeout(Duration::from_millis(300), consumer.next_batch(100)).await;
    batch.ok().map(Result::unwrap)
}

pub(crate) fn shared(queue: &RedisQueue) -> Arc<dyn BallotQueue> {
    Arc::new(queue.clone())
}
