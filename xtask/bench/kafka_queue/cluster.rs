use anyhow::{Context, Result};
use votify_kafka::KafkaSettings;
use votify_kafka::rdkafka::ClientConfig;
use votify_kafka::rdkafka::producer::{BaseProducer, Producer};

const BROKERS: i32 = 3;
const PARTITIONS: u16 = 6;

/// librdkafka's mock cluster in this process.
pub(super) struct Cluster {
    /// The client that owns the cluster.
    owner: BaseProducer,
}

impl Cluster {
    /// # Errors
    /// If the cluster does not start.
    pub(super) fn start() -> Result<Self> {
        let mut config = ClientConfig::new();
        config.set("test.mock.num.brokers", BROKERS.to_string());
        let owner = config.create()?;
        Ok(Self { owner })
    }

    /// Creates the topics of a queue.
    ///
    /// # Errors
    /// If they exist.
    pub(super) fn create_topics(&self, topic: &str) -> Result<KafkaSettings> {
        let mock = self.owner.client().mock_cluster();
        let mock = mock.context("the client has no mock cluster")?;
        let settings = KafkaSettings::new(&mock.bootstrap_servers(), topic)?.partitions(PARTITIONS);
        mock.create_topic(settings.topic(), PARTITIONS.into(), BROKERS)?;
        mock.create_topic(&settings.dead_topic(), 1, BROKERS)?;
        Ok(settings)
    }
}
