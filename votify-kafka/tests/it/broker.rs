//! The laws of the queue's traits, and its topics, on a broker over TCP.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;
use votify_core::MemoryStore;
use votify_core::conformance::{Fixture, QueueFixture, QueueInstance};
use votify_core::queue::QueueError;
use votify_kafka::{KafkaConsumer, KafkaQueue, KafkaSettings, create_topics};
use votify_test_support::ballots::error_chain;
use votify_test_support::kafka::{Server, shared_brokers};

use crate::cluster::Instance;
use crate::election::Election;

struct Tcp;

/// Returns settings with a topic that no other test uses.
fn settings(brokers: &str) -> KafkaSettings {
    let topic = format!("votify-test-{:016x}", fastrand::u64(..));
    KafkaSettings::new(brokers, &topic)
        .unwrap()
        .partitions(4)
        .replication(1)
        .session_timeout(Duration::from_secs(6))
}

#[async_trait]
impl QueueFixture for Tcp {
    async fn fresh(&self) -> Fixture<dyn QueueInstance> {
        let settings = settings(&shared_brokers().unwrap());
        let created = create_topics(&settings).await.unwrap();
        assert_eq!(
            created,
            [settings.topic().to_owned(), settings.dead_topic()]
        );
        let open = move || {
            let settings = settings.clone();
            async move { Instance::open(&settings).await }
        };
        Fixture::<dyn QueueInstance>::open(open).await
    }

    fn unavailable(&self) -> Option<String> {
        let missing = shared_brokers().is_none();
        missing.then(|| "there is no Kafka broker for tests".to_owned())
    }

    fn max_rebalance_time(&self) -> Duration {
        Duration::from_secs(60)
    }
}

mod laws {
    votify_core::queue_conformance!(super::Tcp);
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_created_once_and_never_changed() {
    let Some(brokers) = shared_brokers() else {
        return;
    };
    let settings = settings(&brokers);
    let missing = KafkaQueue::connect(&settings).await.unwrap_err();
    let missing = error_chain(&missing);
    assert!(missing.contains("there is no topic") && missing.contains(settings.topic()));
    assert_eq!(create_topics(&settings).await.unwrap().len(), 2);
    assert_eq!(create_topics(&settings).await.unwrap(), [""; 0]);
    let more = settings.clone().partitions(8);
    let results = [
        create_topics(&more).await.map(drop),
        KafkaQueue::connect(&more).await.map(drop),
        KafkaConsumer::connect(&more, "group").await.map(drop),
    ];
    for result in results {
        let error = result.unwrap_err();
        assert!(matches!(error, QueueError::Failed { .. }), "{error:?}");
        assert!(
            error_chain(&error).contains("has 4 partitions"),
            "{error:?}"
        );
    }
    KafkaQueue::connect(&settings).await.unwrap();
}

/// A port on which nothing listens.
#[tokio::test(flavor = "multi_thread")]
async fn unreachable_brokers_are_transient_errors() {
    let settings = KafkaSettings::new("127.0.0.1:1", "votes").unwrap();
    let (created, queue, consumer) = tokio::join!(
        create_topics(&settings),
        KafkaQueue::connect(&settings),
        KafkaConsumer::connect(&settings, "group"),
    );
    for result in [created.map(drop), queue.map(drop), consumer.map(drop)] {
        let error = result.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert!(error_chain(&error).contains("127.0.0.1:1"), "{error:?}");
    }
}

/// The broker is killed, and paused beyond the delivery timeout, again and again under
/// load. Its log and the group's offsets are on disk.
#[tokio::test(flavor = "multi_thread")]
async fn endurance_of_a_killed_private_server() {
    const FAULTS: u32 = 10;
    let Some(mut server) = Server::start() else {
        return;
    };
    let settings = settings(&server.brokers()).delivery_timeout(Duration::from_secs(2));
    create_topics(&settings).await.unwrap();
    let election = Election::with_settings(settings, Arc::new(MemoryStore::new())).await;
    let polls = election.create_polls(8, false).await;
    let (_, metrics) = election.aggregate().await;
    let fault = async {
        for round in 0..FAULTS {
            sleep(Duration::from_millis(2_000 + fastrand::u64(0..1_000))).await;
            if round % 3 == 2 {
                server.pause();
                sleep(Duration::from_secs(3)).await;
                server.resume();
            } else {
                server.kill();
                sleep(Duration::from_secs(1)).await;
                server.restart();
            }
        }
    };
    let pause = Duration::from_millis(500);
    let (acknowledged, ()) = tokio::join!(election.vote(&polls, 16 * 6 * FAULTS, pause), fault);
    election.assert_counted_once(&polls, &acknowledged).await;
    election.wait_for(async || metrics.read().lag == 0).await;
    eprintln!("{FAULTS} kills and pauses, {} votes", acknowledged.len());
}
