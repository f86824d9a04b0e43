//! A queue on Kafka, chosen by `--queue kafka://…`.

use votify_core::PollEngine;
use votify_core::engine::Aggregator;
use votify_kafka::{KafkaConsumer, KafkaQueue, KafkaSettings};

use crate::error::CliError;
use crate::settings::KafkaUrl;

/// A producer, and the settings of further consumers.
#[derive(Debug, Clone)]
pub(crate) struct ServerKafka {
    settings: KafkaSettings,
    queue: KafkaQueue,
}

impl ServerKafka {
    /// Connects. The topics must exist.
    pub(crate) async fn open(url: &KafkaUrl) -> Result<Self, CliError> {
        let settings = settings(url)?;
        let queue = KafkaQueue::connect(&settings).await;
        let queue = queue.map_err(|error| CliError::for_setting("--queue", &error))?;
        Ok(Self { settings, queue })
    }

    /// Creates the topics that are missing, and checks the others.
    pub(crate) async fn create(url: &KafkaUrl) -> Result<(), CliError> {
        let created = votify_kafka::create_topics(&settings(url)?).await;
        created
            .map(drop)
            .map_err(|error| CliError::for_setting("--queue", &error))
    }

    pub(crate) fn queue(&self) -> KafkaQueue {
        self.queue.clone()
    }

    /// Joins the group of the aggregators. It has the name of the topic, because groups
    /// belong to the whole cluster.
    pub(crate) async fn aggregator(&self, engine: &PollEngine) -> Result<Aggregator, CliError> {
        let consumer = KafkaConsumer::connect(&self.settings, self.settings.topic()).await;
        let consumer = consumer.map_err(|error| CliError::for_setting("--queue", &error))?;
        Ok(Aggregator::new(engine, consumer))
    }

    /// Fails if the loss of one broker could lose acknowledged votes.
    pub(crate) fn check_durable(&self) -> Result<(), CliError> {
        if self.settings.survives_a_broker() {
            return Ok(());
        }
        Err(CliError::failed(
            "--require-durable: acknowledged votes in --queue can be lost with one broker; set \
             replication to 3 and min_insync_replicas to 2"
                .to_owned(),
        ))
    }
}

fn settings(url: &KafkaUrl) -> Result<KafkaSettings, CliError> {
    KafkaSettings::from_url(url.as_str()).map_err(|error| CliError::for_setting("--queue", &error))
}
