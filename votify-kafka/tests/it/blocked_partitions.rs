//! Partitions that wait because dead letters cannot be stored.

use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use votify_core::Poll;
use votify_core::queue::{BallotQueue, BallotRecord, DeliveredRecord, QueueConsumer};
use votify_kafka::rdkafka::types::RDKafkaRespErr as Code;
use votify_kafka::{KafkaConsumer, KafkaQueue};
use votify_test_support::ballots;

use crate::cluster::Cluster;
use crate::records::{number, read_raw, record, write_raw};

/// The number of records that a read returns, far fewer than those that wait.
const MAX: usize = 10;

async fn enqueue(queue: &KafkaQueue, records: &[BallotRecord]) {
    for result in queue.enqueue(records).await {
        result.unwrap();
    }
}

/// Reads and commits exactly `count` records.
async fn read(consumer: &mut KafkaConsumer, count: usize) -> Vec<DeliveredRecord> {
    let started = Instant::now();
    let mut records = Vec::new();
    while records.len() < count {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{} of {count} records arrive",
            records.len()
        );
        let batch = consumer.next_batch(MAX).await.unwrap();
        consumer.commit(&batch).await.unwrap();
        records.extend(batch.records);
    }
    assert_eq!(records.len(), count);
    records
}

fn numbers(records: &[DeliveredRecord]) -> Vec<u32> {
    records.iter().map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn partition_that_waits_for_a_dead_letter_stops_no_other() {
    let cluster = Cluster::start();
    let queue = cluster.queue().await;
    let polls: Vec<Poll> = (0..12).map(|_| ballots::draft("Lunch?")).collect();
    let first: Vec<_> = polls.iter().map(|poll| record(poll, 0)).collect();
    enqueue(&queue, &first).await;
    let mut consumer = cluster.consumer("group").await;
    let delivered = read(&mut consumer, first.len()).await;
    let partition_of = |poll: &Poll| {
        let of_poll = |one: &&DeliveredRecord| one.record.poll() == poll.id;
        delivered.iter().find(of_poll).unwrap().source.partition
    };
    let blocked = &polls[0];
    let is_elsewhere = |poll: &&Poll| partition_of(poll) != partition_of(blocked);
    let other = polls.iter().find(is_elsewhere).unwrap();

    let dead_topic = cluster.settings.dead_topic();
    let denied = Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    cluster.mock().topic_error(&dead_topic, denied).unwrap();
    let partition = i32::try_from(partition_of(blocked)).unwrap();
    let writer = cluster.clone();
    let foreign = move || {
        let topic = writer.settings.topic();
        write_raw(&writer, topic, &[(partition, b"foreign".to_vec())]);
    };
    spawn_blocking(foreign).await.unwrap();
    let waiting: Vec<_> = (1..=60).map(|n| record(blocked, n)).collect();
    enqueue(&queue, &waiting).await;
    // Fills the buffer with records that must wait.
    for _ in 0..3 {
        let batch = consumer.next_batch(MAX).await.unwrap();
        assert!(batch.records.is_empty(), "{batch:?}");
    }
    let flowing: Vec<_> = (1..=30).map(|n| record(other, n)).collect();
    enqueue(&queue, &flowing).await;
    let records = read(&mut consumer, flowing.len()).await;
    assert!(records.iter().all(|one| one.record.poll() == other.id));
    assert_eq!(numbers(&records), (1..=30).collect::<Vec<_>>());
    assert_eq!(consumer.unreadable(), 0);

    let no_error = Code::RD_KAFKA_RESP_ERR_NO_ERROR;
    cluster.mock().topic_error(&dead_topic, no_error).unwrap();
    let records = read(&mut consumer, waiting.len()).await;
    assert_eq!(numbers(&records), (1..=60).collect::<Vec<_>>());
    assert_eq!(consumer.unreadable(), 1);
    let dead = spawn_blocking(move || read_raw(&cluster, &dead_topic));
    assert_eq!(dead.await.unwrap().len(), 1);
}
