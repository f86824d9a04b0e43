//! Records of ballots, without an engine.

use std::time::{Duration, Instant};

use votify_core::Poll;
use votify_core::queue::{BallotRecord, DeliveredRecord, QueueRecord};
use votify_kafka::rdkafka::ClientConfig;
use votify_kafka::rdkafka::consumer::{BaseConsumer, Consumer};
use votify_kafka::rdkafka::message::OwnedMessage;
use votify_kafka::rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use votify_test_support::ballots;

use crate::cluster::Cluster;

/// Returns the record of a ballot of voter `number`.
pub(crate) fn record(poll: &Poll, number: u32) -> BallotRecord {
    BallotRecord {
        ballot: ballots::ballot(poll, number),
        accepted_at: ballots::NOW,
    }
}

/// Returns the number of the voter.
pub(crate) fn number(delivered: &DeliveredRecord) -> u32 {
    let QueueRecord::Ballot(ballot) = &delivered.record else {
        panic!("no marker was sent");
    };
    let bytes = ballot.voter.as_bytes();
    u32::from_be_bytes([bytes[1], bytes[2], bytes[3], bytes[4]])
}

/// A value to write into a partition.
pub(crate) type RawRecord = (i32, Vec<u8>);

/// Writes values into a topic as another program would.
pub(crate) fn write_raw(cluster: &Cluster, topic: &str, records: &[RawRecord]) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster.mock().bootstrap_servers());
    let producer: BaseProducer = config.create().unwrap();
    for (partition, value) in records {
        let record = BaseRecord::to(topic)
            .partition(*partition)
            .key("key")
            .payload(value);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}

/// Reads a topic from its beginning, until nothing arrives for a second.
pub(crate) fn read_raw(cluster: &Cluster, topic: &str) -> Vec<OwnedMessage> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", cluster.mock().bootstrap_servers())
        .set("group.id", format!("raw-{}", fastrand::u64(..)))
        .set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer = config.create().unwrap();
    consumer.subscribe(&[topic]).unwrap();
    let mut messages = Vec::new();
    // The first message waits for the group.
    let mut deadline = Instant::now() + Duration::from_secs(15);
    while Instant::now() < deadline {
        if let Some(message) = consumer.poll(Duration::from_millis(100)) {
            messages.push(message.unwrap().detach());
            deadline = Instant::now() + Duration::from_secs(1);
        }
    }
    messages
}
