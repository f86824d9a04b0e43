//! Records that are delivered again, stored twice, or cannot be read.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use votify_core::queue::{BallotQueue, QueueBatch, QueueConsumer};
use votify_core::{BallotId, Choice, MemoryStore, Store, StoreExt};
use votify_kafka::rdkafka::Message;
use votify_kafka::rdkafka::message::{Headers, Timestamp};
use votify_test_support::ballots;

use crate::cluster::{Cluster, PARTITIONS};
use crate::election::{Election, voter};
use crate::records::{RawRecord, read_raw, record, write_raw};

const PAUSE: Duration = Duration::from_millis(1);

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

/// Votes, withdraws twice, and votes again. The second withdrawal is refused; decided
/// again, it would remove the last vote.
async fn vote_and_withdraw(election: &Election, voters: u32) -> Arc<votify_core::Poll> {
    let poll = election.create_polls(1, true).await.remove(0);
    for number in 0..voters {
        let voter = voter(number);
        let choices = [
            Choice::one(poll.options[0].id),
            Choice::withdraw(),
            Choice::withdraw(),
            Choice::one(poll.options[1].id),
        ];
        for choice in choices {
            let id = BallotId::generate(election.engine.now());
            let cast = election.engine.cast(poll.id, &voter, id, choice);
            cast.await.unwrap();
        }
    }
    poll
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_from_the_beginning_moves_no_count() {
    let cluster = Cluster::start();
    let election = Election::on(&cluster, memory()).await;
    let polls = election.create_polls(6, false).await;
    let acknowledged = election.vote(&polls, 50, PAUSE).await;
    let revotes = vote_and_withdraw(&election, 20).await;
    let (_, metrics) = election.aggregate().await;
    election.assert_counted_once(&polls, &acknowledged).await;
    let records = 6 * 50 + 4 * 20;
    election
        .wait_for(async || metrics.read().records == records)
        .await;
    election.wait_for(async || metrics.read().lag == 0).await;
    let read_tally = async || election.store.tally(revotes.id).await.unwrap().unwrap();
    let before = read_tally().await;
    assert_eq!(before.total_votes, 20);
    // Another group begins with the oldest record.
    let again = cluster.consumer("replay").await;
    let (_, replayed) = election.aggregate_with(again);
    election
        .wait_for(async || replayed.read().records == records)
        .await;
    election.wait_for(async || replayed.read().lag == 0).await;
    election.assert_counted_once(&polls, &acknowledged).await;
    assert_eq!(read_tally().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_stored_twice_count_once() {
    let cluster = Cluster::start();
    let election = Election::on(&cluster, memory()).await;
    let polls = election.create_polls(6, false).await;
    let acknowledged = election.vote(&polls, 50, PAUSE).await;
    let cluster = cluster.clone();
    spawn_blocking(move || {
        let topic = cluster.settings.topic();
        let copies: Vec<RawRecord> = read_raw(&cluster, topic)
            .iter()
            .map(|message| (message.partition(), message.payload().unwrap().to_vec()))
            .collect();
        assert_eq!(copies.len(), 300);
        write_raw(&cluster, topic, &copies);
    })
    .await
    .unwrap();
    let (_, metrics) = election.aggregate().await;
    election
        .wait_for(async || metrics.read().records == 600)
        .await;
    election.wait_for(async || metrics.read().lag == 0).await;
    election.assert_counted_once(&polls, &acknowledged).await;
}

/// Returns a header of a dead letter.
fn header(message: &impl Message, name: &str) -> String {
    let headers = message.headers().unwrap();
    let found = headers.iter().find(|header| header.key == name);
    String::from_utf8(found.unwrap().value.unwrap().to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_records_are_set_aside_and_block_nothing() {
    let cluster = Cluster::start();
    let election = Election::on(&cluster, memory()).await;
    let polls = election.create_polls(12, false).await;
    let poison = |value: &'static str| {
        let cluster = cluster.clone();
        let partitions = 0..i32::from(PARTITIONS);
        let records: Vec<_> = partitions
            .map(|partition| (partition, value.into()))
            .collect();
        spawn_blocking(move || write_raw(&cluster, cluster.settings.topic(), &records))
    };
    poison("at the beginning").await.unwrap();
    let acknowledged = election.vote(&polls, 20, PAUSE).await;
    poison("between").await.unwrap();
    let more = election.create_polls(12, false).await;
    let later = election.vote(&more, 20, PAUSE).await;
    poison("at the end").await.unwrap();
    let (first, metrics) = election.aggregate().await;
    election.assert_counted_once(&polls, &acknowledged).await;
    election.assert_counted_once(&more, &later).await;
    election.wait_for(async || metrics.read().lag == 0).await;
    let aside = 3 * u64::from(PARTITIONS);
    election
        .wait_for(async || metrics.read().set_aside == aside)
        .await;
    first.abort();
    // What was set aside is committed, and is not set aside again.
    let (_, again) = election.aggregate().await;
    let last = election.create_polls(12, false).await;
    let cast = election.vote(&last, 5, PAUSE).await;
    election.assert_counted_once(&last, &cast).await;
    election.wait_for(async || again.read().lag == 0).await;
    let cluster = cluster.clone();
    let dead = spawn_blocking(move || read_raw(&cluster, &cluster.settings.dead_topic()));
    let dead = dead.await.unwrap();
    assert_eq!(dead.len(), 3 * usize::from(PARTITIONS));
    for value in ["at the beginning", "between", "at the end"] {
        let letters = dead
            .iter()
            .filter(|one| one.payload() == Some(value.as_bytes()));
        let mut partitions: Vec<String> = letters
            .inspect(|letter| {
                assert_eq!(header(*letter, "reason"), "not a record of votify");
                assert_eq!(header(*letter, "topic"), "votes");
                assert!(header(*letter, "offset").parse::<u64>().is_ok());
                assert_eq!(letter.key(), Some(&b"key"[..]));
            })
            .map(|letter| header(letter, "partition"))
            .collect();
        partitions.sort();
        assert_eq!(partitions, ["0", "1", "2", "3", "4", "5"]);
    }
}

/// A dead letter has the value of its record, so that it can be replayed.
#[tokio::test(flavor = "multi_thread")]
async fn records_that_a_store_rejects_are_dead_letters() {
    let cluster = Cluster::start();
    let queue = cluster.queue().await;
    let poll = ballots::draft("Lunch?");
    let sent = [record(&poll, 1), record(&poll, 2)];
    for result in queue.enqueue(&sent).await {
        result.unwrap();
    }
    let mut consumer = cluster.consumer("group").await;
    let mut batch = QueueBatch::default();
    while batch.records.len() < 2 {
        let rest = 2 - batch.records.len();
        let next = consumer.next_batch(rest).await.unwrap();
        batch.records.extend(next.records);
    }
    let reason = "the poll is corrupt";
    consumer.set_aside(&batch.records, reason).await.unwrap();
    consumer.commit(&batch).await.unwrap();
    let dead = spawn_blocking(move || {
        let topic = cluster.settings.dead_topic();
        let original = read_raw(&cluster, cluster.settings.topic());
        (read_raw(&cluster, &topic), original)
    });
    let (dead, original) = dead.await.unwrap();
    assert_eq!(dead.len(), batch.records.len());
    for (letter, original) in dead.iter().zip(original) {
        assert_eq!(
            letter.payload(),
            original.payload(),
            "the record can be replayed"
        );
        assert_eq!(header(letter, "reason"), reason);
        assert_eq!(header(letter, "offset"), original.offset().to_string());
    }
}

/// Brokers reject records by this time.
#[tokio::test(flavor = "multi_thread")]
async fn votes_are_stored_with_their_time_of_acceptance() {
    let cluster = Cluster::start();
    let queue = cluster.queue().await;
    let mut sent = record(&ballots::draft("Lunch?"), 1);
    sent.accepted_at = votify_core::Timestamp::from_micros(1_795_000_000_123_456).unwrap();
    queue.enqueue(&[sent]).await.remove(0).unwrap();
    let stored = spawn_blocking(move || read_raw(&cluster, cluster.settings.topic()));
    let stored = stored.await.unwrap().remove(0);
    let time = Timestamp::CreateTime(1_795_000_000_123);
    assert_eq!(stored.timestamp(), time);
}
