mod blocked;
mod buffer;
mod commit;
mod context;
mod dead_letters;
mod log_ends;
mod progress;
mod receive;
mod unreadable;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use tokio::time::{Instant, timeout_at};
use votify_core::queue::{
    DeliveredRecord, IDLE_TIMEOUT, QueueBatch, QueueConsumer, QueueError, RecordSource,
};

use crate::blocking::{drop_in_background, run_blocking};
use crate::client_config;
use crate::error::{BACKEND, Error};
use crate::metadata::check_topics;
use crate::queue::CONNECT_TIMEOUT;
use crate::settings::KafkaSettings;
use blocked::Blocked;
use buffer::{Buffer, Next};
use context::GroupContext;
use dead_letters::DeadLetters;
use log_ends::LogEndReader;
use progress::Progress;
use unreadable::{SEND_POLL, UnreadableSender};

type Driver = StreamConsumer<GroupContext>;

/// A [`QueueConsumer`] on a topic of Kafka: one member of a consumer group.
///
/// The consumers of a group share the partitions, cooperatively: one that comes or goes
/// moves only the partitions that must move. Offsets are committed by
/// [`commit`](QueueConsumer::commit) only. A record's log position is its offset + 1.
///
/// A record that cannot be read is stored in the topic `….dead`, with the reason and its
/// place as headers, and then passed over.
///
/// Dropping a consumer leaves the group in the background; the others then take over its
/// partitions. If the process ends without it, they do so after the
/// [`session_timeout`](KafkaSettings::session_timeout).
///
/// See [`KafkaQueue`](crate::KafkaQueue) for an example.
pub struct KafkaConsumer {
    settings: KafkaSettings,
    group: String,
    /// `None` only while the consumer is dropped.
    driver: Option<Arc<Driver>>,
    context: GroupContext,
    buffer: Buffer,
    progress: HashMap<u32, Progress>,
    dead_letters: Arc<DeadLetters>,
    unreadable_sender: UnreadableSender,
    /// The partitions that are paused until an unreadable record is set aside.
    blocked: Blocked,
    log_ends: LogEndReader,
    /// The number of unreadable records that were set aside.
    unreadable: u64,
    /// True after a call of `keep_alive`, until the next batch is asked for.
    is_paused: bool,
}

impl KafkaConsumer {
    /// Joins a group, and checks the topics. Partitions are assigned in the background.
    ///
    /// Groups belong to the whole cluster. Two topics need two groups, because the members
    /// of one group disturb each other.
    ///
    /// # Panics
    /// Panics outside of a tokio runtime.
    ///
    /// # Errors
    /// - [`QueueError::Unavailable`]: no broker responded within 5 s. The caller may retry.
    /// - [`QueueError::Failed`]: the settings are invalid, the login is rejected, a topic is
    ///   missing, or the topic has another number of partitions than the settings say.
    pub async fn connect(settings: &KafkaSettings, group: &str) -> Result<Self, QueueError> {
        let joined = Self::join(settings, group).await;
        joined.map_err(|error| error.at(settings).into_queue_error())
    }

    async fn join(settings: &KafkaSettings, group: &str) -> Result<Self, Error> {
        let config = client_config::consumer(settings, group)?;
        let context = GroupContext::new(settings.topic());
        let driver = Driver::from_config_and_context(&config, context.clone())
            .map_err(|error| Error::from_kafka(&error, None))?;
        let consumer = Self {
            settings: settings.clone(),
            group: group.to_owned(),
            driver: Some(Arc::new(driver)),
            context,
            buffer: Buffer::default(),
            progress: HashMap::new(),
            dead_letters: Arc::new(DeadLetters::new(settings)),
            unreadable_sender: UnreadableSender::default(),
            blocked: Blocked::default(),
            log_ends: LogEndReader::default(),
            unreadable: 0,
            is_paused: false,
        };
        let driver = consumer.driver()?;
        let (checked, settings) = (Arc::clone(&driver), consumer.settings.clone());
        run_blocking(move || {
            let context = &checked.context().client;
            check_topics(checked.client(), context, &settings, CONNECT_TIMEOUT)
        })
        .await?;
        driver
            .subscribe(&[consumer.settings.topic()])
            .map_err(|error| consumer.error(&error))?;
        Ok(consumer)
    }

    fn driver(&self) -> Result<Arc<Driver>, Error> {
        self.driver.clone().ok_or(Error::TaskEnded)
    }

    fn error(&self, error: &KafkaError) -> Error {
        Error::from_kafka(error, self.context.client.last_error())
    }

    /// Removes up to `max` records from the buffer.
    fn take(&mut self, max: usize) -> QueueBatch {
        let Self {
            buffer, progress, ..
        } = self;
        let mut records: Vec<DeliveredRecord> = Vec::new();
        buffer.take(max, |assignment, source, next| {
            let progress = progress_of(progress, assignment, source);
            match next {
                Next::Deliver(record) => {
                    progress.record_delivered(source.log_position);
                    records.push(*record);
                }
                Next::SetAside => progress.record_set_aside(source.log_position),
            }
        });
        QueueBatch { records }
    }

    async fn next(&mut self, max: usize) -> Result<QueueBatch, Error> {
        let driver = self.driver()?;
        let max = max.max(1);
        self.resume(&driver)?;
        let deadline = Instant::now() + IDLE_TIMEOUT;
        loop {
            self.receive(&driver, max)?;
            self.set_unreadable_aside().await;
            self.buffer.drop_lost(&self.context);
            self.pause_blocked(&driver)?;
            let batch = self.take(max);
            if !batch.records.is_empty() {
                return Ok(batch);
            }
            self.commit_set_aside().await?;
            if Instant::now() >= deadline {
                return Ok(batch);
            }
            let wait_until = match self.unreadable_sender.is_sending() {
                true => deadline.min(Instant::now() + SEND_POLL),
                false => deadline,
            };
            if let Ok(message) = timeout_at(wait_until, driver.recv()).await {
                let message = message.map_err(|error| self.error(&error))?;
                self.push(&message);
            }
        }
    }
}

/// Returns the progress in a partition, which begins again with each assignment.
fn progress_of(
    progress: &mut HashMap<u32, Progress>,
    assignment: u64,
    source: RecordSource,
) -> &mut Progress {
    let begin = || Progress::new(assignment, source.log_position);
    let current = progress.entry(source.partition).or_insert_with(begin);
    if current.assignment != assignment {
        *current = begin();
    }
    current
}

#[async_trait]
impl QueueConsumer for KafkaConsumer {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    async fn next_batch(&mut self, max: usize) -> Result<QueueBatch, QueueError> {
        self.next(max).await.map_err(Error::into_queue_error)
    }

    async fn commit(&mut self, batch: &QueueBatch) -> Result<(), QueueError> {
        let committed = self.commit_ends(&batch.ends()).await;
        committed.map_err(Error::into_queue_error)
    }

    async fn set_aside(
        &mut self,
        records: &[DeliveredRecord],
        reason: &str,
    ) -> Result<(), QueueError> {
        let sent = self.dead_letters.send(records, reason).await;
        sent.map_err(Error::into_queue_error)
    }

    async fn keep_alive(&mut self) -> Result<(), QueueError> {
        let driver = self.driver().map_err(Error::into_queue_error)?;
        self.log_ends.refresh(&driver, self.settings.topic());
        self.hold(&driver).map_err(Error::into_queue_error)
    }

    fn lag(&self) -> u64 {
        let lag = |(partition, ends): (u32, context::LogEnds)| {
            let progress = self.progress.get(&partition);
            let current = progress
                .filter(|progress| Some(progress.assignment) == self.context.assignment(partition));
            match current {
                Some(progress) => progress.lag(ends.last),
                None => ends.last.saturating_sub(ends.committed),
            }
        };
        self.context.log_ends().into_iter().map(lag).sum()
    }

    fn unreadable(&self) -> u64 {
        self.unreadable
    }
}

impl Drop for KafkaConsumer {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            drop_in_background(driver);
        }
    }
}

impl fmt::Debug for KafkaConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaConsumer")
            .field("settings", &self.settings)
            .field("group", &self.group)
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}
