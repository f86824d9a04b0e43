//! Brokers that fail, pause, move and report errors, under load.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use votify_core::MemoryStore;
use votify_core::queue::{BallotQueue, BallotRecord, QueueConsumer, QueueError};
use votify_kafka::KafkaQueue;
use votify_kafka::rdkafka::types::{RDKafkaApiKey as Api, RDKafkaRespErr as Code};
use votify_test_support::ballots;

use crate::cluster::{BROKERS, Cluster, PARTITIONS};
use crate::election::Election;
use crate::records::record;

const PAUSE: Duration = Duration::from_millis(20);

/// A cluster on which a record that is not acknowledged within 2 s is given up.
fn impatient_cluster() -> Cluster {
    Cluster::with(|settings| settings.delivery_timeout(Duration::from_secs(2)))
}

fn all_brokers(cluster: &Cluster, change: impl Fn(&Cluster, i32)) {
    for broker in 1..=BROKERS {
        change(cluster, broker);
    }
}

fn stop_all(cluster: &Cluster) {
    all_brokers(cluster, |cluster, id| {
        cluster.mock().broker_down(id).unwrap();
    });
}

fn start_all(cluster: &Cluster) {
    all_brokers(cluster, |cluster, id| {
        cluster.mock().broker_up(id).unwrap();
    });
}

/// Sends a record until it is stored, as a voter does. A new producer may need longer than
/// the delivery timeout on a busy machine.
async fn store(queue: &KafkaQueue, record: BallotRecord) {
    while let Err(error) = queue.enqueue(slice::from_ref(&record)).await.remove(0) {
        assert!(error.is_transient(), "{error:?}");
    }
}

/// A record that was given up does not enter the log when the brokers are back.
#[tokio::test(flavor = "multi_thread")]
async fn expired_records_never_enter_the_log() {
    let cluster = impatient_cluster();
    let queue = cluster.queue().await;
    let poll = ballots::draft("Lunch?");
    store(&queue, record(&poll, 1)).await;
    stop_all(&cluster);
    let started = Instant::now();
    let results = queue.enqueue(&[record(&poll, 2), record(&poll, 3)]).await;
    let elapsed = started.elapsed();
    for result in results {
        assert!(
            matches!(result, Err(QueueError::Unavailable { .. })),
            "{result:?}"
        );
    }
    assert!(
        elapsed < queue.delivery_timeout() + Duration::from_millis(500),
        "{elapsed:?}"
    );
    assert!(queue.check_ready().await.unwrap_err().is_transient());
    start_all(&cluster);
    while queue.check_ready().await.is_err() {
        sleep(PAUSE).await;
    }
    sleep(Duration::from_secs(2)).await;
    store(&queue, record(&poll, 4)).await;
    let mut consumer = cluster.consumer("group").await;
    let mut numbers = Vec::new();
    while numbers.last() != Some(&4) {
        let batch = consumer.next_batch(10).await.unwrap();
        numbers.extend(batch.records.iter().map(crate::records::number));
    }
    // What was sent again may be stored twice.
    numbers.dedup();
    assert_eq!(numbers, [1, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_stop_and_come_back_lose_no_vote() {
    let cluster = impatient_cluster();
    let election = Election::on(&cluster, Arc::new(MemoryStore::new())).await;
    let polls = election.create_polls(8, false).await;
    let (_, metrics) = election.aggregate().await;
    let fault = async {
        sleep(Duration::from_secs(4)).await;
        for _ in 0..2 {
            stop_all(&cluster);
            sleep(Duration::from_secs(3)).await;
            start_all(&cluster);
            sleep(Duration::from_secs(3)).await;
        }
    };
    let (acknowledged, ()) = tokio::join!(election.vote(&polls, 400, PAUSE * 20), fault);
    election.assert_counted_once(&polls, &acknowledged).await;
    election.wait_for(async || metrics.read().lag == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_brokers_cause_errors_but_no_double_votes() {
    let cluster = impatient_cluster();
    let election = Election::on(&cluster, Arc::new(MemoryStore::new())).await;
    let polls = election.create_polls(4, false).await;
    let (_, metrics) = election.aggregate().await;
    let slow = |time: Duration| {
        all_brokers(&cluster, |cluster, id| {
            cluster.mock().broker_round_trip_time(id, time).unwrap();
        });
    };
    let fault = async {
        sleep(Duration::from_secs(4)).await;
        // Acknowledgements arrive after the records were given up.
        slow(Duration::from_millis(2_500));
        sleep(Duration::from_secs(6)).await;
        slow(Duration::ZERO);
    };
    let (acknowledged, ()) = tokio::join!(election.vote(&polls, 320, PAUSE * 20), fault);
    election.assert_counted_once(&polls, &acknowledged).await;
    election.wait_for(async || metrics.read().lag == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moved_leaders_lose_no_vote_and_no_order() {
    let cluster = Cluster::start();
    let election = Election::on(&cluster, Arc::new(MemoryStore::new())).await;
    let polls = election.create_polls(8, false).await;
    election.aggregate().await;
    let topic = cluster.settings.topic().to_owned();
    let fault = async {
        for round in 0..15 {
            sleep(Duration::from_millis(500)).await;
            for partition in 0..i32::from(PARTITIONS) {
                let leader = Some((partition + round) % BROKERS + 1);
                let mock = cluster.mock();
                mock.partition_leader(&topic, partition, leader).unwrap();
            }
        }
    };
    let (acknowledged, ()) = tokio::join!(election.vote(&polls, 400, PAUSE * 15), fault);
    election.assert_counted_once(&polls, &acknowledged).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_on_produce_lose_no_vote() {
    let cluster = impatient_cluster();
    let election = Election::on(&cluster, Arc::new(MemoryStore::new())).await;
    let polls = election.create_polls(8, false).await;
    election.aggregate().await;
    let fault = async {
        for errors in [
            vec![Code::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS; 5],
            vec![Code::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND; 5],
            vec![Code::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION; 5],
            vec![Code::RD_KAFKA_RESP_ERR__TRANSPORT; 5],
            vec![Code::RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP; 3],
            vec![Code::RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID; 3],
            vec![Code::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER; 3],
        ] {
            sleep(Duration::from_secs(1)).await;
            cluster.mock().request_errors(Api::Produce, &errors);
        }
    };
    let (acknowledged, ()) = tokio::join!(election.vote(&polls, 400, PAUSE * 20), fault);
    election.assert_counted_once(&polls, &acknowledged).await;
}

/// A producer to which the brokers give no id rejects all records from then on. It is
/// replaced.
#[tokio::test(flavor = "multi_thread")]
async fn failed_producers_are_replaced() {
    let cluster = impatient_cluster();
    let fatal = [Code::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED];
    cluster.mock().request_errors(Api::InitProducerId, &fatal);
    let queue = cluster.queue().await;
    let poll = ballots::draft("Lunch?");
    let first = queue.enqueue(&[record(&poll, 1)]).await.remove(0);
    assert!(first.unwrap_err().is_transient());
    store(&queue, record(&poll, 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_on_commit_count_no_vote_twice() {
    let cluster = Cluster::start();
    let election = Election::on(&cluster, Arc::new(MemoryStore::new())).await;
    let polls = election.create_polls(8, false).await;
    let (first, _) = election.aggregate().await;
    let fault = async {
        for errors in [
            vec![Code::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE; 5],
            vec![Code::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS; 5],
            vec![Code::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION; 5],
            vec![Code::RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS; 5],
            vec![Code::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT; 5],
            vec![Code::RD_KAFKA_RESP_ERR__TRANSPORT; 3],
        ] {
            sleep(Duration::from_secs(1)).await;
            let mock = cluster.mock();
            mock.request_errors(Api::OffsetCommit, &errors);
        }
    };
    let (acknowledged, ()) = tokio::join!(election.vote(&polls, 400, PAUSE * 15), fault);
    election.assert_counted_once(&polls, &acknowledged).await;
    first.abort();
    let (_, metrics) = election.aggregate().await;
    let more = election
        .vote(&election.create_polls(1, false).await, 16, PAUSE)
        .await;
    for cast in &more {
        election
            .wait_for(async || election.votes(cast.poll).await == 16)
            .await;
    }
    election.wait_for(async || metrics.read().lag == 0).await;
    election.assert_counted_once(&polls, &acknowledged).await;
}
