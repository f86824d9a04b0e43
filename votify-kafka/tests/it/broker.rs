//! The laws of the queue's traits, and its topics, on a broker over TCP.

use std::env::{self, VarError};
use std::time::Duration;

use async_trait::async_trait;
use votify_core::conformance::{Fixture, QueueFixture, QueueInstance};
use votify_core::queue::QueueError;
use votify_kafka::{KafkaConsumer, KafkaQueue, KafkaSettings, create_topics};
use votify_test_support::ballots::error_chain;

use crate::cluster::Instance;

/// The environment variable with the URL of a broker. If it is set, no test is skipped.
const VARIABLE: &str = "VOTIFY_TEST_KAFKA_URL";

struct Tcp;

fn url() -> Option<String> {
    match env::var(VARIABLE) {
        Ok(url) => Some(url),
        Err(VarError::NotPresent) => None,
        Err(error @ VarError::NotUnicode(_)) => panic!("{VARIABLE}: {error}"),
    }
}

/// Returns settings with a topic that no other test uses.
fn settings() -> KafkaSettings {
    let url = url().unwrap();
    let brokers = url.strip_prefix("kafka://").unwrap().trim_end_matches('/');
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
        let settings = settings();
        let created = create_topics(&settings).await.unwrap();
        assert_eq!(created, [settings.topic().to_owned(), settings.dead_topic()]);
        let open = move || {
            let settings = settings.clone();
            async move { Instance::open(&settings).await }
        };
        Fixture::<dyn QueueInstance>::open(open).await
    }

    fn unavailable(&self) -> Option<String> {
        url().is_none().then(|| format!("{VARIABLE} is not set"))
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
    if let Some(reason) = Tcp.unavailable() {
        return eprintln!("skipped: {reason}");
    }
    let settings = settings();
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
        assert!(error_chain(&error).contains("has 4 partitions"), "{error:?}");
    }
    KafkaQueue::connect(&settings).await.unwrap();
}

/// A port on which nothing listens.
#[tokio::test(flavor = "multi_thread")]
async fn unreachable_brokers_are_transient_errors() {
    let settings = KafkaSettings::new("127.0.0.1:1", "votes").unwrap();
    let results = [
        create_topics(&settings).await.map(drop),
        KafkaQueue::connect(&settings).await.map(drop),
        KafkaConsumer::connect(&settings, "group").await.map(drop),
    ];
    for result in results {
        let error = result.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert!(error_chain(&error).contains("127.0.0.1:1"), "{error:?}");
    }
}
