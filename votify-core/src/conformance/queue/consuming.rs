//! What one consumer receives, and what its commits do.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use crate::conformance::fixture::QueueFixture;
use crate::conformance::queue::harness::{Consumer, Harness, by_poll, poll, record};
use crate::queue::{BallotRecord, DeliveredRecord, QueueBatch};

fn records(count: u32) -> Vec<BallotRecord> {
    (0..count)
        .map(|n| record(poll((n % 10) as u8), n))
        .collect()
}

/// Returns the records in an order that does not depend on that of the partitions.
fn sorted(mut records: Vec<DeliveredRecord>) -> Vec<DeliveredRecord> {
    records.sort_unstable_by_key(|record| record.source);
    records
}

/// Records without a commit are delivered again, unchanged and at the same log positions,
/// to the next consumer of the group.
pub async fn uncommitted_records_are_delivered_again(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    harness.enqueue(&records(40)).await;
    let mut first = harness.consumer("group").await;
    let delivered = sorted(first.read(40).await.records);
    drop(first);
    let mut second = harness.consumer("group").await;
    let again = sorted(second.read(40).await.records);
    assert_eq!(again, delivered);
}

/// Committed records are not delivered again, to the same consumer or to the next one.
pub async fn committed_records_are_not_delivered_again(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    harness.enqueue(&records(40)).await;
    let mut first = harness.consumer("group").await;
    let batch = first.read(40).await;
    first.commit(&batch).await;
    first.assert_silent().await;
    drop(first);
    let mut second = harness.consumer("group").await;
    second.assert_silent().await;
    harness.enqueue(&[record(poll(3), 100)]).await;
    let next = second.read(1).await.records;
    assert_eq!(next[0].record.poll(), poll(3));
    assert!(!batch.records.contains(&next[0]));
}

/// A commit covers its batch: earlier records are not delivered again, later ones are.
pub async fn partial_commits_are_respected(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    harness.enqueue(&records(60)).await;
    let mut first = harness.consumer("group").await;
    let committed = first.read(25).await;
    let rest = first.read(35).await;
    first.commit(&committed).await;
    drop(first);
    let mut second = harness.consumer("group").await;
    let again = second.read(35).await;
    assert_eq!(sorted(again.records), sorted(rest.records));
    second.assert_silent().await;
}

/// A late commit of an earlier batch changes nothing.
pub async fn commits_never_move_backwards(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    harness.enqueue(&records(60)).await;
    let mut first = harness.consumer("group").await;
    let early = first.read(25).await;
    let late = first.read(35).await;
    first.commit(&late).await;
    first.commit(&early).await;
    first.commit(&QueueBatch::default()).await;
    drop(first);
    let late_ends = late.ends();
    let mut second = harness.consumer("group").await;
    // A partition without a record in the later batch was committed by the earlier one.
    if let Some(batch) = second.try_next(60).await {
        panic!("{batch:?} was committed up to {late_ends:?}");
    }
}

/// A call of `next_batch` that is dropped at any moment skips no record.
pub async fn dropped_reads_lose_nothing(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    let mut consumer = harness.consumer("group").await;
    let mut delivered = Vec::new();
    for n in 0..30_u32 {
        harness.enqueue(&[record(poll((n % 10) as u8), n)]).await;
        delivered.extend(read_or_drop(&mut consumer, n as usize % 5).await);
    }
    while delivered.len() < 30 {
        let rest = 30 - delivered.len();
        delivered.extend(consumer.next_batch(rest).await.records);
    }
    for (id, records) in by_poll(delivered) {
        assert_eq!(records.len(), 3, "{id} has three records");
        let positions = records.iter().map(|record| record.source.log_position);
        assert!(positions.is_sorted_by(|a, b| a < b));
    }
    consumer.assert_silent().await;
}

/// Polls a read at most `max_polls` times, and drops it if it has not completed.
async fn read_or_drop(consumer: &mut Consumer, max_polls: usize) -> Vec<DeliveredRecord> {
    let mut read = pin!(consumer.0.next_batch(2));
    let mut polled = 0;
    let batch = poll_fn(|context| {
        if polled == max_polls {
            return Poll::Ready(None);
        }
        polled += 1;
        read.as_mut().poll(context).map(Some)
    });
    let batch = batch.await.map(|batch| batch.expect("next_batch succeeds"));
    batch.unwrap_or_default().records
}

/// Each group receives every record, and commits for itself only.
pub async fn groups_are_independent(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    harness.enqueue(&records(20)).await;
    let mut first = harness.consumer("first").await;
    let mut second = harness.consumer("second").await;
    let batch = first.read(20).await;
    first.commit(&batch).await;
    let other = second.read(20).await;
    assert_eq!(sorted(other.records), sorted(batch.records));
    drop(second);
    let mut second = harness.consumer("second").await;
    assert_eq!(second.read(20).await.records.len(), 20);
    first.assert_silent().await;
}

/// A new group receives the records from before its first consumer.
pub async fn new_group_begins_with_the_oldest_record(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    harness.enqueue(&records(20)).await;
    let mut consumer = harness.consumer("late").await;
    let delivered = consumer.read(20).await;
    assert_eq!(consumer.0.lag(), 20, "no record is committed");
    consumer.commit(&delivered).await;
    assert_eq!(consumer.0.lag(), 0, "every record is committed");
}

/// Records that are set aside still need a commit, after which the others go on.
pub async fn set_aside_records_block_nothing(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    harness.enqueue(&records(10)).await;
    let mut consumer = harness.consumer("group").await;
    let batch = consumer.read(10).await;
    let aside = consumer
        .0
        .set_aside(&batch.records[..2], "for a test")
        .await;
    aside.expect("set_aside succeeds");
    consumer.0.keep_alive().await.expect("keep_alive succeeds");
    consumer.commit(&batch).await;
    harness.enqueue(&[record(poll(1), 99)]).await;
    let next = consumer.read(1).await;
    consumer.commit(&next).await;
    consumer.assert_silent().await;
}
