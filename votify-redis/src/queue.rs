mod config;
mod consumer;
mod entry;
mod error;
mod inner;
mod keys;
mod scripts;
mod server_clock;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use votify_core::backend::LogRecord;
use votify_core::queue::{BallotQueue, BallotRecord, CloseMarker, QueueError};
use votify_core::store::Durability;

pub use config::RedisQueueConfig;
pub use consumer::RedisQueueConsumer;

use crate::connect::Redis;
use crate::durability;
use crate::error::NAME;
use config::check_name;
use error::Error;
use inner::Inner;
use keys::partition_of;

/// A [`BallotQueue`] in Redis 7 or newer, or in Valkey, on one server or on a cluster.
/// Clones are the same queue.
///
/// The queue has a fixed number of partitions. Each is a stream, and a poll is always in
/// the same one. Several queues with different [names](RedisQueueConfig::name) may share a
/// server.
///
/// ```no_run
/// use votify_core::engine::Aggregator;
/// use votify_core::{PollEngine, Store};
/// use votify_redis::{Redis, RedisQueue, RedisQueueConfig};
///
/// # async fn run(store: impl Store) -> Result<(), Box<dyn std::error::Error>> {
/// let redis = Redis::connect("redis://localhost:6379").await?;
/// let queue = RedisQueue::open(redis, RedisQueueConfig::default()).await?;
/// let engine = PollEngine::builder(store).queue(queue.clone()).build();
/// let aggregator = Aggregator::new(&engine, queue.consumer("votify").await?);
/// tokio::spawn(aggregator.run());
/// # Ok(())
/// # }
/// ```
///
/// # Durability
///
/// An acknowledged ballot survives what the settings of the server promise: see
/// [`durability`](Self::durability) and [`require_durable`](Self::require_durable). A
/// replica that replaces the server may lack the last ballots, in every setting.
///
/// The log position of a record is at least the server's time in microseconds. So no
/// position is used twice after a restart or a flush that lost records, unless the
/// server's clock is set back too, or a replica with a clock that is behind replaces the
/// server.
///
/// # Delivery timeout
///
/// It is the timeout of the [`Redis` client](crate::RedisBuilder::timeout), by default 2 s.
/// Each call contains its deadline in the server's time, and the server rejects records
/// that it reads later, for example because it was paused. The deadline follows from the
/// server's clock as it was read in the last 10 s, so the clocks of the instances do not
/// matter. If the server's clock is set back during a call, the deadline is later by as
/// much. [`EngineConfig::clock_skew`](votify_core::engine::EngineConfig::clock_skew) allows
/// for it.
///
/// # Bounds
///
/// A partition holds up to [`max_records`](RedisQueueConfig::max_records) records that some
/// group has not committed, and is full then. Records that all groups have committed are
/// removed. Until there is a group, all records are kept. Up to 10 000 records that were
/// set aside are kept for each partition.
///
/// # Permissions
///
/// The connection's user needs access to all keys with the prefix. It needs `EVALSHA`,
/// `EVAL`, `INFO`, `TIME`, `PEXPIRE` and the commands on hashes, sorted sets and streams.
/// Without `CONFIG`, the durability is unknown.
#[derive(Clone)]
pub struct RedisQueue {
    inner: Arc<Inner>,
}

impl RedisQueue {
    /// Opens a queue, and creates it if it does not exist. Reads the server's settings.
    ///
    /// # Errors
    /// - [`QueueError::Unavailable`]: the server cannot be reached; retry.
    /// - [`QueueError::Full`]: the queue is new and the server's memory is full.
    /// - [`QueueError::Failed`]: the name is invalid, the queue has another number of
    ///   partitions, or the server would evict votes, because it has a `maxmemory` and a
    ///   `maxmemory-policy` of `allkeys-*`. Retrying does not help.
    pub async fn open(redis: Redis, config: RedisQueueConfig) -> Result<Self, QueueError> {
        let inner = Inner::open(redis, config)
            .await
            .map_err(Error::into_queue_error)?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Adds a consumer to a group, and creates the group if it is new.
    ///
    /// A group that no consumer belongs to keeps its records, so the queue eventually fills.
    ///
    /// # Errors
    /// - [`QueueError::Unavailable`]: the server cannot be reached; retry.
    /// - [`QueueError::Failed`]: the name is not 1 to 64 ASCII letters, digits, `-`, `_` or
    ///   `.`, or the server rejected the call.
    pub async fn consumer(&self, group: &str) -> Result<RedisQueueConsumer, QueueError> {
        check_name(group).map_err(Error::into_queue_error)?;
        RedisQueueConsumer::join(Arc::clone(&self.inner), group)
            .await
            .map_err(Error::into_queue_error)
    }

    /// Waits until the partitions of dropped consumers are given up, so that other
    /// consumers need not wait for a lease. Call it before the program ends.
    pub async fn close(&self) {
        self.inner.releases.close();
        self.inner.releases.wait().await;
    }

    /// Returns the number of partitions.
    #[must_use]
    pub fn partitions(&self) -> u32 {
        self.inner.partitions
    }

    /// Returns what an acknowledged vote survives, according to the server's settings
    /// when the queue was opened.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.inner.durability
    }

    /// Returns this queue if every acknowledged vote survives a crash and a loss of power.
    ///
    /// # Errors
    /// Returns [`QueueError::Failed`] with the actual durability otherwise. Set
    /// `appendonly yes` and `appendfsync always` on the server.
    pub fn require_durable(self) -> Result<Self, QueueError> {
        durability::require(self.inner.durability)
            .map_err(|error| Error::from(error).into_queue_error())?;
        Ok(self)
    }
}

impl fmt::Debug for RedisQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisQueue")
            .field("redis", &self.inner.redis)
            .field("name", &self.inner.config.name)
            .field("partitions", &self.inner.partitions)
            .field("durability", &self.inner.durability)
            .finish_non_exhaustive()
    }
}

fn into_queue_results(results: Vec<Result<(), Error>>) -> Vec<Result<(), QueueError>> {
    let results = results.into_iter();
    results
        .map(|result| result.map_err(Error::into_queue_error))
        .collect()
}

#[async_trait]
impl BallotQueue for RedisQueue {
    fn backend(&self) -> &'static str {
        NAME
    }

    fn delivery_timeout(&self) -> Duration {
        self.inner.delivery_timeout()
    }

    async fn enqueue(&self, ballots: &[BallotRecord]) -> Vec<Result<(), QueueError>> {
        let records = ballots.iter().map(|record| {
            let partition = partition_of(record.ballot.poll, self.inner.partitions);
            let value = LogRecord::Ballot(record.clone()).encode();
            (partition, value.map_err(Error::from))
        });
        into_queue_results(self.inner.append(records.collect()).await)
    }

    async fn enqueue_close(&self, markers: &[CloseMarker]) -> Vec<Result<(), QueueError>> {
        let records = markers.iter().map(|marker| {
            let partition = partition_of(marker.poll, self.inner.partitions);
            let value = LogRecord::Close(*marker).encode();
            (partition, value.map_err(Error::from))
        });
        into_queue_results(self.inner.append(records.collect()).await)
    }

    /// Also an error if a single partition is full, because it rejects the ballots of its
    /// polls.
    async fn check_ready(&self) -> Result<(), QueueError> {
        let checked = self.inner.check_room().await;
        checked.map_err(Error::into_queue_error)
    }
}
