use votify_core::PollEngine;
use votify_core::engine::{Aggregator, EngineBuilder};
use votify_core::queue::QueueError;
use votify_redis::{Redis, RedisQueue, RedisQueueConfig};

use crate::error::CliError;
#[cfg(feature = "kafka")]
use crate::kafka_queue::ServerKafka;
use crate::settings::QueueUrl;

/// The group of all aggregators.
const GROUP: &str = "votify";

/// The queue chosen by `--queue`.
#[derive(Debug, Clone)]
pub(crate) enum ServerQueue {
    None,
    Redis(RedisQueue),
    #[cfg(feature = "kafka")]
    // Boxed: its settings are large.
    Kafka(Box<ServerKafka>),
}

impl ServerQueue {
    /// Opens the queue. Creates one in Redis if it does not exist.
    ///
    /// It has a connection of its own, so that votes do not wait behind other commands.
    pub(crate) async fn open(url: &QueueUrl) -> Result<Self, CliError> {
        match url {
            QueueUrl::None => Ok(Self::None),
            QueueUrl::Redis { server, name } => {
                let redis = Redis::connect(server.as_str()).await;
                let redis = redis.map_err(|error| CliError::for_setting("--queue", &error))?;
                let config = RedisQueueConfig {
                    name: name.clone(),
                    ..RedisQueueConfig::default()
                };
                let queue = RedisQueue::open(redis, config).await;
                queue.map(Self::Redis).map_err(|error| failed(&error))
            }
            #[cfg(feature = "kafka")]
            QueueUrl::Kafka(url) => ServerKafka::open(url)
                .await
                .map(|kafka| Self::Kafka(Box::new(kafka))),
        }
    }

    /// Creates the queue if it does not exist, and checks it otherwise.
    pub(crate) async fn create(url: &QueueUrl) -> Result<(), CliError> {
        #[cfg(feature = "kafka")]
        if let QueueUrl::Kafka(url) = url {
            ServerKafka::create(url).await?;
        }
        Self::open(url).await.map(drop)
    }

    /// Gives the queue to an engine.
    pub(crate) fn add_to(&self, builder: EngineBuilder) -> EngineBuilder {
        match self {
            Self::None => builder,
            Self::Redis(queue) => builder.queue(queue.clone()),
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => builder.queue(kafka.queue()),
        }
    }

    /// Returns a task that counts the votes of the queue, or `None` without a queue.
    pub(crate) async fn aggregator(
        &self,
        engine: &PollEngine,
    ) -> Result<Option<Aggregator>, CliError> {
        match self {
            Self::None => Ok(None),
            Self::Redis(queue) => {
                let consumer = queue.consumer(GROUP).await;
                let consumer = consumer.map_err(|error| failed(&error))?;
                Ok(Some(Aggregator::new(engine, consumer)))
            }
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => kafka.aggregator(engine).await.map(Some),
        }
    }

    /// Fails unless every acknowledged vote survives a crash and a loss of power.
    pub(crate) fn check_durable(&self) -> Result<(), CliError> {
        let durability = match self {
            Self::None => return Ok(()),
            Self::Redis(queue) => queue.durability(),
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => return kafka.check_durable(),
        };
        if durability.is_durable() {
            return Ok(());
        }
        Err(CliError::failed(format!(
            "--require-durable: acknowledged votes in --queue are not durable: {durability}; set appendonly yes, \
             appendfsync always and no-appendfsync-on-rewrite no"
        )))
    }

    /// Gives the partitions of ended aggregators up, so that others take them over at once.
    pub(crate) async fn close(&self) {
        match self {
            Self::None => {}
            Self::Redis(queue) => queue.close().await,
            // A consumer that ends leaves its group in the background. If the process ends
            // first, its partitions are free after the session timeout.
            #[cfg(feature = "kafka")]
            Self::Kafka(_) => {}
        }
    }
}

fn failed(error: &QueueError) -> CliError {
    CliError::for_setting("--queue", error)
}
