//! What a queue stores, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use crate::ballot::{Accepted, Ballot, Choice};
use crate::conformance::fixture::QueueFixture;
use crate::conformance::queue::harness::{Harness, by_poll, marker, poll, record};
use crate::conformance::run_concurrently::run_concurrently;
use crate::conformance::store::builders::{address, at, one_microsecond_before};
use crate::id::{OptionId, PollId};
use crate::poll::SealCause;
use crate::queue::{BallotRecord, QueueRecord};
use crate::time::Timestamp;

/// A call returns one result per record, and an empty call none.
pub async fn results_follow_record_order(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    harness.enqueue(&[]).await;
    harness.enqueue_close(&[]).await;
    let records: Vec<_> = (0..50).map(|n| record(poll(n), n.into())).collect();
    harness.enqueue(&records).await;
    let mut consumer = harness.consumer("group").await;
    assert_eq!(consumer.read(50).await.records.len(), 50);
}

/// A ballot is delivered with its id, voter, choice, address and time of acceptance, and a
/// marker with its cause and times.
pub async fn records_arrive_unchanged(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    let options = [1, 2, 3].map(|n| OptionId::from_bytes([n; 16]));
    let choices = [
        Choice::one(options[2]),
        Choice::several(options),
        Choice::several([options[1]]),
        Choice::withdraw(),
        Choice::several((0..100).map(|n| OptionId::from_bytes([n; 16]))),
    ];
    let times = [
        Timestamp::EPOCH,
        one_microsecond_before(at(7)),
        at(7),
        at(1_000_000),
        Timestamp::MAX,
    ];
    let mut sent = Vec::new();
    for (n, (choice, accepted_at)) in (0..).zip(choices.into_iter().zip(times)) {
        let ballot = Ballot {
            choice,
            address: (n % 2 == 1).then(|| address(200)),
            ..record(poll(7), n).ballot
        };
        sent.push(BallotRecord {
            ballot,
            accepted_at,
        });
    }
    let markers = [
        marker(poll(7), SealCause::Owner, 3),
        marker(poll(7), SealCause::Deadline, 5),
    ];
    harness.enqueue(&sent).await;
    harness.enqueue_close(&markers).await;
    let mut consumer = harness.consumer("group").await;
    let delivered = consumer.read(sent.len() + markers.len()).await.records;
    let (ballots, closes) = delivered.split_at(sent.len());
    for (sent, delivered) in sent.iter().zip(ballots) {
        let expected = Ballot {
            accepted: Some(Accepted {
                at: sent.accepted_at,
                log_position: delivered.source.log_position,
            }),
            ..sent.ballot.clone()
        };
        assert_eq!(delivered.record, QueueRecord::Ballot(expected));
    }
    for (sent, delivered) in markers.iter().zip(closes) {
        assert_eq!(delivered.record, QueueRecord::Close(*sent));
    }
}

/// The records of a poll are delivered in the order in which they were acknowledged, from
/// several producers and over calls with many polls.
pub async fn polls_keep_their_order(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    let producers = [harness.instance(), harness.second_instance().await];
    let mut sent: BTreeMap<PollId, Vec<u32>> = BTreeMap::new();
    for round in 0..20_u32 {
        let records: Vec<_> = (0..32_u32)
            .map(|n| record(poll((n % 16) as u8), 32 * round + n))
            .collect();
        for (n, record) in (0..).zip(&records) {
            let numbers = sent.entry(record.ballot.poll).or_default();
            numbers.push(32 * round + n);
        }
        let queue = producers[round as usize % 2].queue();
        for result in queue.enqueue(&records).await {
            result.expect("enqueue succeeds");
        }
    }
    let mut consumer = harness.consumer("group").await;
    let delivered = by_poll(consumer.read(20 * 32).await.records);
    for (id, numbers) in sent {
        let expected: Vec<_> = numbers.iter().map(|n| record(id, *n).ballot.id).collect();
        let found: Vec<_> = delivered[&id]
            .iter()
            .map(|delivered| match &delivered.record {
                QueueRecord::Ballot(ballot) => ballot.id,
                QueueRecord::Close(_) => panic!("no marker was sent"),
            })
            .collect();
        assert_eq!(found, expected);
    }
}

/// Log positions start at 1 or above, grow within each poll, and differ within a
/// partition.
pub async fn log_positions_grow_within_a_poll(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    for round in 0..10_u32 {
        let records: Vec<_> = (0..20_u32)
            .map(|n| record(poll((n % 10) as u8), 20 * round + n))
            .collect();
        harness.enqueue(&records).await;
        let markers: Vec<_> = (0..10)
            .map(|n| marker(poll(n), SealCause::Deadline, round.into()))
            .collect();
        harness.enqueue_close(&markers).await;
    }
    let mut consumer = harness.consumer("group").await;
    let delivered = consumer.read(300).await.records;
    let sources: BTreeSet<_> = delivered.iter().map(|record| record.source).collect();
    assert_eq!(sources.len(), 300, "each record has a place of its own");
    for records in by_poll(delivered).values() {
        let positions: Vec<u64> = records
            .iter()
            .map(|record| record.source.log_position)
            .collect();
        assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
        assert!(positions[0] >= 1 && *positions.last().unwrap() <= i64::MAX as u64);
        let partitions: BTreeSet<u32> = records
            .iter()
            .map(|record| record.source.partition)
            .collect();
        assert_eq!(partitions.len(), 1, "a poll is in one partition");
    }
}

/// Records of concurrent producers are all delivered, once each while everything is
/// committed.
pub async fn concurrent_producers_lose_nothing(fixture: &dyn QueueFixture) {
    const PRODUCERS: u32 = 8;
    const RECORDS: u32 = 100;
    let harness = Harness::open(fixture).await;
    let instances = [harness.instance(), harness.second_instance().await];
    let produce = |producer: u32| {
        let queue = instances[producer as usize % 2].queue();
        async move {
            for n in 0..RECORDS / 2 {
                let number = producer * RECORDS + 2 * n;
                let records = [0, 1].map(|m| record(poll((n % 7) as u8), number + m));
                for result in queue.enqueue(&records).await {
                    result.expect("enqueue succeeds");
                }
            }
        }
    };
    let mut consumer = harness.consumer("group").await;
    let producers = run_concurrently((0..PRODUCERS).map(produce).collect());
    let consume = async {
        let mut ids = BTreeSet::new();
        while ids.len() < (PRODUCERS * RECORDS) as usize {
            let batch = consumer.next_batch(64).await;
            for delivered in &batch.records {
                let QueueRecord::Ballot(ballot) = &delivered.record else {
                    panic!("no marker was sent");
                };
                assert!(ids.insert(ballot.id), "{:?} arrived twice", ballot.id);
            }
            consumer.commit(&batch).await;
        }
    };
    tokio::join!(producers, consume);
    consumer.assert_silent().await;
}

/// A marker is delivered behind the ballots of its poll that were acknowledged before, and
/// before those that were sent after it was acknowledged.
pub async fn markers_stay_behind_earlier_ballots(fixture: &dyn QueueFixture) {
    let harness = Harness::open(fixture).await;
    let other = harness.second_instance().await.queue();
    for n in 0..10_u8 {
        harness
            .enqueue(&[record(poll(n), 1), record(poll(n), 2)])
            .await;
        for result in other.enqueue(&[record(poll(n), 3)]).await {
            result.expect("enqueue succeeds");
        }
        let close = marker(poll(n), SealCause::Deadline, 1);
        for result in other.enqueue_close(&[close]).await {
            result.expect("enqueue_close succeeds");
        }
        harness.enqueue(&[record(poll(n), 4)]).await;
    }
    let mut consumer = harness.consumer("group").await;
    for records in by_poll(consumer.read(50).await.records).values() {
        let is_close = |index: usize| matches!(records[index].record, QueueRecord::Close(_));
        let closes: Vec<usize> = (0..records.len())
            .filter(|index| is_close(*index))
            .collect();
        assert_eq!((records.len(), closes), (5, vec![3]));
    }
}
