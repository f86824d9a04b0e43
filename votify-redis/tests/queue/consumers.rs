//! Consumers that stall, and what becomes of their partitions.

use tokio::time::{Instant, sleep};
use votify_core::queue::QueueConsumer;
use votify_test_support::redis::Server;

use crate::harness::{
    LEASE, TIMEOUT, ballot_id, config, enqueue, ids, open_queue, poll, read, try_read,
};

/// A consumer that stalls for longer than its lease loses its partitions. Its commit
/// afterwards changes nothing.
#[tokio::test]
async fn stalled_consumer_loses_its_partitions_and_its_commit_is_ignored() {
    let Some(server) = Server::new() else {
        return;
    };
    let queue = open_queue(&server.url(), config()).await;
    enqueue(&queue, poll(1), 0..10).await;
    let mut stalled = queue.consumer("votify").await.unwrap();
    let first = read(&mut stalled, 6).await;
    let mut other = open_queue(&server.url(), config())
        .await
        .consumer("votify")
        .await
        .unwrap();
    let started = Instant::now();
    let taken = read(&mut other, 10).await;
    assert!(started.elapsed() < TIMEOUT / 2);
    assert_eq!(ids(&taken), (0..10).map(ballot_id).collect::<Vec<_>>());
    let head = votify_core::queue::QueueBatch {
        records: taken.records[..3].to_vec(),
    };
    other.commit(&head).await.unwrap();
    // Covers more than the other one has committed.
    stalled.commit(&first).await.unwrap();
    drop(other);
    drop(stalled);
    let mut last = queue.consumer("votify").await.unwrap();
    let rest = read(&mut last, 7).await;
    assert_eq!(ids(&rest), (3..10).map(ballot_id).collect::<Vec<_>>());
}

/// A consumer without batches keeps its partitions by `keep_alive`.
#[tokio::test]
async fn kept_alive_consumer_keeps_its_partitions() {
    let Some(server) = Server::new() else {
        return;
    };
    let queue = open_queue(&server.url(), config()).await;
    let mut consumer = queue.consumer("votify").await.unwrap();
    enqueue(&queue, poll(1), 0..2).await;
    let batch = read(&mut consumer, 1).await;
    let partition = batch.records[0].source.partition;
    let owner = || {
        let state = format!("votify:{{queue:votes:{partition}}}:state");
        server.cli(&["HGET", &state, "owner:votify"])
    };
    let before = owner();
    let waiting = async {
        let mut other = queue.consumer("votify").await.unwrap();
        let started = Instant::now();
        // Half a lease: the consumer's records are not committed.
        while started.elapsed() < LEASE / 2 {
            let _ = try_read(&mut other).await;
        }
    };
    let keeping = async {
        let started = Instant::now();
        while started.elapsed() < LEASE / 2 {
            consumer.keep_alive().await.unwrap();
            sleep(LEASE / 10).await;
        }
    };
    tokio::join!(waiting, keeping);
    assert_eq!(owner(), before);
    assert_eq!(consumer.lag(), 2);
    consumer.commit(&batch).await.unwrap();
    assert_eq!(ids(&read(&mut consumer, 1).await), [ballot_id(1)]);
}

/// A consumer that is killed, and so releases nothing, is replaced after its lease.
#[tokio::test]
async fn partitions_of_a_killed_consumer_are_free_after_its_lease() {
    let Some(server) = Server::new() else {
        return;
    };
    let queue = open_queue(&server.url(), config()).await;
    let mut killed = queue.consumer("votify").await.unwrap();
    enqueue(&queue, poll(1), 0..5).await;
    let batch = read(&mut killed, 2).await;
    killed.commit(&batch).await.unwrap();
    // Outside of a runtime, a dropped consumer releases nothing.
    std::thread::spawn(move || drop(killed)).join().unwrap();
    let mut next = queue.consumer("votify").await.unwrap();
    let rest = read(&mut next, 3).await;
    assert_eq!(ids(&rest), (2..5).map(ballot_id).collect::<Vec<_>>());
}
