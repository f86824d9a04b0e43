//! Entries that other programs wrote into the stream.

use std::collections::HashMap;

use tokio::time::Instant;
use votify_core::queue::QueueConsumer;
use votify_redis::RedisQueueConsumer;
use votify_test_support::redis::Server;

use crate::harness::{
    TIMEOUT, ballot_id, enqueue, ids, one_partition, open_queue, poll, read, try_read,
};

/// The single partition of the queue.
const LOG: &str = "votify:{queue:votes:0}:log";
const DEAD: &str = "votify:{queue:votes:0}:dead";

/// Returns the reasons of all entries that were set aside, with their number.
fn reasons(server: &Server) -> HashMap<String, usize> {
    let dead = server.cli(&["XRANGE", DEAD, "-", "+"]);
    let lines: Vec<&str> = dead.lines().collect();
    let mut reasons = HashMap::new();
    for pair in lines.windows(2) {
        if pair[0] == "reason" {
            *reasons.entry(pair[1].to_owned()).or_default() += 1;
        }
    }
    reasons
}

/// Reads until every entry is committed. No record may arrive.
async fn read_until_empty(consumer: &mut RedisQueueConsumer, server: &Server) {
    let started = Instant::now();
    while server.cli(&["XLEN", LOG]).trim() != "0" {
        assert!(started.elapsed() < TIMEOUT, "entries are committed");
        assert_eq!(try_read(consumer).await, None);
    }
}

#[tokio::test]
async fn unreadable_entries_are_set_aside_and_block_nothing() {
    let Some(server) = Server::new() else {
        return;
    };
    let queue = open_queue(&server.url(), one_partition()).await;
    server.cli(&["XADD", LOG, "*", "v", "a vote"]);
    server.cli(&["XADD", LOG, "*", "other", "fields", "a", "b"]);
    enqueue(&queue, poll(1), 0..3).await;
    // Gets the log position of the record before it, because positions are ahead of ids
    // that Redis generates.
    server.cli(&["XADD", LOG, "*", "v", "{\"option\": 1}"]);
    enqueue(&queue, poll(1), 3..5).await;
    server.cli(&["XADD", LOG, "*", "v", "\u{81}\u{2}"]);

    let mut consumer = queue.consumer("votify").await.unwrap();
    let batch = read(&mut consumer, 5).await;
    assert_eq!(ids(&batch), (0..5).map(ballot_id).collect::<Vec<_>>());
    consumer.commit(&batch).await.unwrap();
    read_until_empty(&mut consumer, &server).await;
    let expected = HashMap::from([
        ("not a record of votify".to_owned(), 1),
        ("the log position is that of the entry before".to_owned(), 2),
        ("the entry has other fields than `v`".to_owned(), 1),
    ]);
    assert_eq!(reasons(&server), expected);
    assert_eq!(consumer.unreadable(), 4);

    // Entries that are unreadable alone are committed without a record behind them.
    server.cli(&["XADD", LOG, "*", "v", "alone"]);
    read_until_empty(&mut consumer, &server).await;
    assert_eq!(consumer.lag(), 0);
    drop(consumer);
    let mut next = queue.consumer("votify").await.unwrap();
    enqueue(&queue, poll(1), 5..6).await;
    assert_eq!(read(&mut next, 1).await.records.len(), 1);
    assert_eq!(reasons(&server).values().sum::<usize>(), 5);
}

#[tokio::test]
async fn records_that_were_set_aside_can_be_read_from_the_stream() {
    let Some(server) = Server::new() else {
        return;
    };
    let queue = open_queue(&server.url(), one_partition()).await;
    enqueue(&queue, poll(1), 0..1).await;
    let mut consumer = queue.consumer("votify").await.unwrap();
    let batch = read(&mut consumer, 1).await;
    let position = batch.records[0].source.log_position;
    let reason = "the poll's row is corrupt: ".to_owned() + &"x".repeat(1_000);
    consumer.set_aside(&batch.records, &reason).await.unwrap();
    let dead = server.cli(&["XRANGE", DEAD, "-", "+"]);
    assert!(dead.contains(&position.to_string()), "{dead}");
    assert!(dead.contains("the poll's row is corrupt"), "{dead}");
    assert!(dead.len() < 1_200, "the reason is shortened: {dead}");
}
