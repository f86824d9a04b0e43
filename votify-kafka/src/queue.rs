use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use votify_core::backend::LogRecord;
use votify_core::queue::{BallotQueue, BallotRecord, CloseMarker, QueueError};
use votify_core::time::Timestamp;

use crate::blocking::run_blocking;
use crate::client_config;
use crate::error::{BACKEND, Error};
use crate::metadata::{check_leaders, check_topics};
use crate::partitioner::partition_of;
use crate::producer::{OutgoingRecord, Producer};
use crate::settings::KafkaSettings;

/// The time that connecting may take.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time that a probe may take. Shorter than the engine's timeout of a probe, 5 s, so that
/// the error names the cause.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// A [`BallotQueue`] on a topic of Kafka. A handle; clones share one producer.
///
/// A record is acknowledged when all in-sync replicas have it. The producer is idempotent,
/// so its own retries store no record twice and change no order. A record whose
/// acknowledgement does not arrive within the
/// [`delivery_timeout`](KafkaSettings::delivery_timeout) is
/// [`Unavailable`](QueueError::Unavailable), and is not sent later.
///
/// ```no_run
/// use votify_core::engine::Aggregator;
/// use votify_core::{PollEngine, Store};
/// use votify_kafka::{KafkaConsumer, KafkaQueue, KafkaSettings};
///
/// # async fn run(store: impl Store) -> Result<(), Box<dyn std::error::Error>> {
/// let settings = KafkaSettings::from_url("kafka://localhost:9092/votify?replication=1")?;
/// votify_kafka::create_topics(&settings).await?;
/// let queue = KafkaQueue::connect(&settings).await?;
/// let engine = PollEngine::builder(store).queue(queue).build();
/// let consumer = KafkaConsumer::connect(&settings, "votify").await?;
/// tokio::spawn(Aggregator::new(&engine, consumer).run());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct KafkaQueue {
    shared: Arc<Shared>,
}

struct Shared {
    settings: KafkaSettings,
    producer: Producer,
    /// One probe at a time: each blocks a thread.
    probe: Arc<Mutex<()>>,
}

impl KafkaQueue {
    /// Connects to the brokers, and checks the topics.
    ///
    /// # Panics
    /// Panics outside of a tokio runtime.
    ///
    /// # Errors
    /// - [`QueueError::Unavailable`]: no broker responded within 5 s. The caller may retry.
    /// - [`QueueError::Failed`]: the settings are invalid, the login is rejected, a topic is
    ///   missing, or the topic has another number of partitions than the settings say.
    pub async fn connect(settings: &KafkaSettings) -> Result<Self, QueueError> {
        let open = async {
            let config = client_config::producer(settings)?;
            let producer = Producer::new(config, settings.topic().to_owned())?;
            let shared = Arc::new(Shared {
                settings: settings.clone(),
                producer,
                probe: Arc::default(),
            });
            let checked = Arc::clone(&shared);
            run_blocking(move || {
                let Shared { settings, .. } = &*checked;
                checked.producer.with_client(|client, context| {
                    check_topics(client, context, settings, CONNECT_TIMEOUT)
                })
            })
            .await?;
            Ok(Self { shared })
        };
        open.await
            .map_err(|error: Error| error.at(settings).into_queue_error())
    }

    async fn append(&self, records: Vec<LogRecord>) -> Vec<Result<(), QueueError>> {
        let partitions = self.shared.settings.partitions;
        let mut outgoing = Vec::with_capacity(records.len());
        let mut results: Vec<Result<(), QueueError>> = Vec::with_capacity(records.len());
        for record in records {
            let poll = record.poll();
            let time = accepted_at(&record);
            match record.encode() {
                Ok(value) => {
                    outgoing.push(OutgoingRecord {
                        partition: partition_of(poll, partitions),
                        key: poll.as_bytes().to_vec(),
                        value,
                        headers: None,
                        time,
                    });
                    results.push(Ok(()));
                }
                Err(error) => results.push(Err(QueueError::failed(BACKEND, error))),
            }
        }
        let mut sent = self.shared.producer.send(&outgoing).await.into_iter();
        for result in &mut results {
            if result.is_ok()
                && let Some(sent) = sent.next()
            {
                *result = sent.map_err(Error::into_queue_error);
            }
        }
        results
    }
}

/// Returns the time of acceptance, which is the time of a vote's record in the log.
///
/// Brokers reject a record that is older than the delivery timeout. So a process that stalls
/// after it has accepted a vote cannot store the vote behind the close of its poll.
const fn accepted_at(record: &LogRecord) -> Option<Timestamp> {
    match record {
        LogRecord::Ballot(ballot) => Some(ballot.accepted_at),
        LogRecord::Close(_) => None,
    }
}

#[async_trait]
impl BallotQueue for KafkaQueue {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    fn delivery_timeout(&self) -> Duration {
        self.shared.settings.delivery_timeout
    }

    async fn enqueue(&self, ballots: &[BallotRecord]) -> Vec<Result<(), QueueError>> {
        let records = ballots.iter().cloned().map(LogRecord::Ballot);
        self.append(records.collect()).await
    }

    async fn enqueue_close(&self, markers: &[CloseMarker]) -> Vec<Result<(), QueueError>> {
        let records = markers.iter().copied().map(LogRecord::Close);
        self.append(records.collect()).await
    }

    async fn check_ready(&self) -> Result<(), QueueError> {
        if self.shared.producer.waiting() >= self.shared.settings.max_waiting {
            return Err(Error::Full.into_queue_error());
        }
        let turn = Arc::clone(&self.shared.probe).lock_owned().await;
        let shared = Arc::clone(&self.shared);
        let checked = run_blocking(move || {
            let _turn = turn;
            let Shared { settings, .. } = &*shared;
            shared.producer.with_client(|client, context| {
                check_leaders(client, context, settings, PROBE_TIMEOUT)
            })
        });
        checked.await.map_err(Error::into_queue_error)
    }
}

impl fmt::Debug for KafkaQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaQueue")
            .field("settings", &self.shared.settings)
            .field("waiting", &self.shared.producer.waiting())
            .finish_non_exhaustive()
    }
}
