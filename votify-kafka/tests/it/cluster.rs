use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, DefaultProducerContext, Producer};
use votify_core::conformance::QueueInstance;
use votify_core::queue::{BallotQueue, QueueConsumer};
use votify_kafka::{KafkaConsumer, KafkaQueue, KafkaSettings, rdkafka};

/// The brokers of a mock cluster.
pub(crate) const BROKERS: i32 = 3;
pub(crate) const PARTITIONS: u16 = 6;

/// A mock cluster with the topics of a queue.
#[derive(Clone)]
pub(crate) struct Cluster {
    /// The client that owns the cluster. It lives as long as the process: a commit in flight
    /// would wait for ever for a cluster that is gone, and the test with it.
    owner: &'static BaseProducer,
    pub(crate) settings: KafkaSettings,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        Self::with(|settings| settings)
    }

    pub(crate) fn with(adjust: impl FnOnce(KafkaSettings) -> KafkaSettings) -> Self {
        let mut config = ClientConfig::new();
        config.set("test.mock.num.brokers", BROKERS.to_string());
        let owner: BaseProducer = config.create().unwrap();
        let brokers = owner.client().mock_cluster().unwrap().bootstrap_servers();
        let settings = KafkaSettings::new(&brokers, "votes").unwrap();
        // The mock cluster waits almost this long in each rebalance.
        let settings = settings.session_timeout(Duration::from_secs(6));
        let settings = adjust(settings.partitions(PARTITIONS));
        let cluster = Self {
            owner: Box::leak(Box::new(owner)),
            settings,
        };
        let create = |topic: &str, partitions| {
            let created = cluster.mock().create_topic(topic, partitions, BROKERS);
            created.unwrap();
        };
        create(cluster.settings.topic(), PARTITIONS.into());
        create(&cluster.settings.dead_topic(), 1);
        cluster
    }

    /// Returns the controls of the cluster.
    pub(crate) fn mock(&self) -> MockCluster<'_, DefaultProducerContext> {
        self.owner.client().mock_cluster().unwrap()
    }

    pub(crate) async fn queue(&self) -> KafkaQueue {
        KafkaQueue::connect(&self.settings).await.unwrap()
    }

    pub(crate) async fn consumer(&self, group: &str) -> KafkaConsumer {
        KafkaConsumer::connect(&self.settings, group).await.unwrap()
    }
}

/// Both sides of a queue, for the conformance suite.
pub(crate) struct Instance {
    pub(crate) settings: KafkaSettings,
    queue: KafkaQueue,
}

impl Instance {
    pub(crate) async fn open(settings: &KafkaSettings) -> Arc<dyn QueueInstance> {
        Arc::new(Self {
            settings: settings.clone(),
            queue: KafkaQueue::connect(settings).await.unwrap(),
        })
    }
}

#[async_trait]
impl QueueInstance for Instance {
    fn queue(&self) -> Arc<dyn BallotQueue> {
        Arc::new(self.queue.clone())
    }

    async fn consumer(&self, group: &str) -> Box<dyn QueueConsumer> {
        // Groups belong to the whole cluster, which tests may share.
        let group = format!("{}-{group}", self.settings.topic());
        let consumer = KafkaConsumer::connect(&self.settings, &group).await;
        Box::new(consumer.unwrap())
    }
}
