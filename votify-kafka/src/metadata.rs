use std::time::Duration;

use rdkafka::client::{Client, ClientContext};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::metadata::MetadataTopic;

use crate::client_context::Context;
use crate::error::Error;
use crate::settings::KafkaSettings;

/// Checks that both topics exist, and that the topic of the ballots has the number of
/// partitions of the settings. Blocks for at most the timeout.
///
/// # Errors
/// - [`Error::NoTopic`], [`Error::Partitions`]: a topic is missing or another one.
/// - [`Error::Unavailable`]: no broker responds.
/// - [`Error::Rejected`]: the login is not accepted.
pub(crate) fn check_topics<C: ClientContext>(
    client: &Client<C>,
    context: &Context,
    settings: &KafkaSettings,
    timeout: Duration,
) -> Result<(), Error> {
    // All topics: a request for one topic creates it at brokers with
    // `auto.create.topics.enable`, with the settings of those brokers.
    let metadata = client.fetch_metadata(None, timeout);
    let metadata = metadata.map_err(|error| Error::from_kafka(&error, context.last_error()))?;
    let find = |name: &str| {
        let topic = metadata.topics().iter().find(|topic| topic.name() == name);
        topic.ok_or_else(|| Error::NoTopic(name.to_owned()))
    };
    check_partitions(find(settings.topic())?, settings)?;
    find(&settings.dead_topic())?;
    context.record_success();
    Ok(())
}

/// Checks that each partition of the ballots has a broker that takes records. Blocks for at
/// most the timeout.
///
/// # Errors
/// As for [`check_topics`].
pub(crate) fn check_leaders<C: ClientContext>(
    client: &Client<C>,
    context: &Context,
    settings: &KafkaSettings,
    timeout: Duration,
) -> Result<(), Error> {
    let metadata = client.fetch_metadata(Some(settings.topic()), timeout);
    let metadata = metadata.map_err(|error| Error::from_kafka(&error, context.last_error()))?;
    let topic = metadata.topics().first();
    let topic = topic.ok_or_else(|| Error::NoTopic(settings.topic().to_owned()))?;
    if let Some(error) = topic.error() {
        return Err(topic_error(topic, error.into(), context));
    }
    check_partitions(topic, settings)?;
    for partition in topic.partitions() {
        let error = partition.error().map(Code::from);
        if partition.leader() < 0 {
            let error = error.unwrap_or(Code::LeaderNotAvailable);
            return Err(Error::from_code(error, context.last_error()));
        }
    }
    context.record_success();
    Ok(())
}

fn topic_error(topic: &MetadataTopic, code: Code, context: &Context) -> Error {
    match code {
        Code::UnknownTopicOrPartition | Code::UnknownTopic => {
            Error::NoTopic(topic.name().to_owned())
        }
        code => Error::from_code(code, context.last_error()),
    }
}

pub(crate) fn check_partitions(
    topic: &MetadataTopic,
    settings: &KafkaSettings,
) -> Result<(), Error> {
    let (found, expected) = (topic.partitions().len(), usize::from(settings.partitions));
    if found == expected {
        return Ok(());
    }
    Err(Error::Partitions {
        topic: topic.name().to_owned(),
        found,
        expected,
    })
}
