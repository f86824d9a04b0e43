//! Several consumers of one group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use crate::conformance::fixture::QueueFixture;
use crate::conformance::queue::harness::{Consumer, Harness, poll, record};
use crate::id::BallotId;
use crate::queue::{DeliveredRecord, QueueBatch, QueueRecord, RecordSource};

fn ballot_of(delivered: &DeliveredRecord) -> BallotId {
    match &delivered.record {
        QueueRecord::Ballot(ballot) => ballot.id,
        QueueRecord::Close(_) => panic!("no marker was sent"),
    }
}

/// Two consumers of a group have different partitions at any time, and both get some.
pub async fn consumers_share_the_partitions(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    let mut consumers = [
        harness.consumer("group").await,
        harness.consumer("group").await,
    ];
    let deadline = harness.rebalance_deadline();
    let mut round = 0;
    // Until both have received records of a round, the partitions may still move.
    loop {
        assert!(
            Instant::now() < deadline,
            "both consumers must receive records"
        );
        let sent: Vec<_> = (0..64)
            .map(|n| record(poll(n), 64 * round + u32::from(n)))
            .collect();
        harness.enqueue(&sent).await;
        round += 1;
        let mut partitions = [BTreeSet::new(), BTreeSet::new()];
        let mut ids = BTreeSet::new();
        while ids.len() < 64 && Instant::now() < deadline {
            for (consumer, own) in consumers.iter_mut().zip(&mut partitions) {
                if let Some(batch) = consumer.try_next(64).await {
                    let current = batch.records.iter().filter(|delivered| {
                        let id = ballot_of(delivered);
                        sent.iter().any(|record| record.ballot.id == id)
                    });
                    for delivered in current {
                        own.insert(delivered.source.partition);
                        ids.insert(ballot_of(delivered));
                    }
                    consumer.commit(&batch).await;
                }
            }
        }
        let [first, second] = &partitions;
        if first.is_disjoint(second) && !first.is_empty() && !second.is_empty() {
            return;
        }
    }
}

/// The records that an ended consumer had not committed are delivered to the others of its
/// group, and those that it had committed are not.
pub async fn partitions_of_an_ended_consumer_are_taken_over(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    let sent: Vec<_> = (0..64).map(|n| record(poll(n), n.into())).collect();
    harness.enqueue(&sent).await;
    let mut remaining = harness.consumer("group").await;
    let mut ending = harness.consumer("group").await;
    let mut committed = BTreeSet::new();
    let deadline = harness.rebalance_deadline();
    while committed.is_empty() {
        assert!(
            Instant::now() < deadline,
            "the second consumer gets records"
        );
        if let Some(batch) = ending.try_next(8).await {
            ending.commit(&batch).await;
            committed.extend(batch.records.iter().map(ballot_of));
        } else if let Some(batch) = remaining.try_next(8).await {
            remaining.commit(&batch).await;
            committed.extend(batch.records.iter().map(ballot_of));
        }
    }
    // Delivered without a commit.
    let _ = ending.try_next(8).await;
    drop(ending);
    let mut delivered = BTreeSet::new();
    while committed.len() + delivered.len() < sent.len() {
        assert!(Instant::now() < deadline, "every record is delivered");
        if let Some(batch) = remaining.try_next(64).await {
            remaining.commit(&batch).await;
            for id in batch.records.iter().map(ballot_of) {
                assert!(!committed.contains(&id), "{id:?} was committed before");
                delivered.insert(id);
            }
        }
    }
    remaining.assert_silent().await;
}

type Deliveries = Mutex<BTreeMap<RecordSource, BallotId>>;

/// Adds the records of a batch. Asserts that a place has the same ballot each time.
fn record_deliveries(deliveries: &Deliveries, batch: &QueueBatch) {
    let mut known = deliveries.lock().unwrap();
    for delivered in &batch.records {
        let id = ballot_of(delivered);
        let before = known.insert(delivered.source, id);
        assert!(before.is_none_or(|before| before == id));
    }
}

/// While consumers come and go under load, each partition's records are first delivered in
/// their order, none is lost, and none is delivered after it was committed by the consumer
/// that has the partition.
pub async fn rebalances_under_load_lose_nothing(fixture: &dyn QueueFixture) {
    const RECORDS: u32 = 600;
    let harness = Harness::open(fixture).await;
    let first_deliveries: Arc<Deliveries> = Arc::default();
    let instance = harness.instance();
    let produce = async {
        for n in 0..RECORDS {
            let records = [record(poll((n % 32) as u8), n)];
            for result in instance.queue().enqueue(&records).await {
                result.expect("enqueue succeeds");
            }
            if n % 16 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    let consume = |index: usize| {
        let (instance, deliveries) = (harness.instance(), Arc::clone(&first_deliveries));
        let deadline = harness.rebalance_deadline();
        async move {
            let mut lives = 0_usize;
            loop {
                let mut consumer = Consumer(instance.consumer("group").await);
                lives += 1;
                // Every consumer but the last one ends after a few batches.
                for life in 0.. {
                    if deliveries.lock().unwrap().len() == RECORDS as usize {
                        return;
                    }
                    assert!(Instant::now() < deadline, "every record is delivered");
                    let Some(batch) = consumer.try_next(7 + index).await else {
                        continue;
                    };
                    record_deliveries(&deliveries, &batch);
                    // Some batches are not committed before the consumer ends.
                    if index > 0 && life > 3 && lives < 6 {
                        break;
                    }
                    consumer.commit(&batch).await;
                }
            }
        }
    };
    tokio::join!(produce, consume(0), consume(1), consume(2));
    let deliveries = first_deliveries.lock().unwrap();
    let ids: BTreeSet<_> = deliveries.values().collect();
    assert_eq!(ids.len(), RECORDS as usize, "every record has one place");
}
