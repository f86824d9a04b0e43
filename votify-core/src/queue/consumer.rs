use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{DeliveredRecord, QueueBatch, QueueError};

/// How long [`QueueConsumer::next_batch`] waits for a record: 1 s. An aggregator reads its
/// gauges between two calls.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// One consumer of a group: the aggregators' side of a queue.
///
/// # Laws
///
/// - The consumers of a group share the partitions. Each partition belongs to one of them
///   at a time. When one comes or goes, partitions may change their consumer.
/// - At least once: every record of the log is delivered to the group, the records of a
///   partition in their order, each with the same log position at every delivery.
/// - What was committed is not delivered again to the group. What was delivered and not
///   committed is delivered again, after the consumer ended or lost the partition, to any
///   consumer of the group.
/// - A commit never moves a group backwards, and is ignored for a partition that the
///   consumer has lost.
/// - Groups are independent, and a new group begins with the oldest record of the log.
/// - A record that cannot be read is set aside with the reason, and blocks nothing. It is
///   never delivered.
///
/// Dropping a consumer ends its membership. Every method is cancel safe: after a dropped
/// call of [`next_batch`](Self::next_batch) no record is skipped.
#[async_trait]
pub trait QueueConsumer: fmt::Debug + Send + Sync + 'static {
    /// Returns a short name for logs and readiness, such as `memory` or `kafka`.
    fn backend(&self) -> &'static str;

    /// Waits for records and returns up to `max` of them. Returns an empty batch if there is
    /// none within [`IDLE_TIMEOUT`].
    ///
    /// An aggregator never drops the call before it shuts down, because steps such as a
    /// rebalance may take longer. So each of them needs a timeout of its own.
    ///
    /// # Errors
    /// - [`QueueError::Unavailable`]: the queue cannot be reached; call again.
    /// - [`QueueError::Failed`]: the queue rejected the call.
    async fn next_batch(&mut self, max: usize) -> Result<QueueBatch, QueueError>;

    /// Commits the records of a batch, and all earlier ones of its partitions.
    ///
    /// # Errors
    /// In each case the records may be delivered again.
    ///
    /// - [`QueueError::Unavailable`]: the queue cannot be reached; call again.
    /// - [`QueueError::Failed`]: the queue rejected the call.
    async fn commit(&mut self, batch: &QueueBatch) -> Result<(), QueueError>;

    /// Stores records that cannot be counted, with the reason, where an operator finds
    /// them. Does not commit them.
    ///
    /// # Errors
    /// - [`QueueError::Full`], [`QueueError::Unavailable`]: nothing or a part was stored;
    ///   call again.
    /// - [`QueueError::Failed`]: the queue rejected the call.
    async fn set_aside(
        &mut self,
        records: &[DeliveredRecord],
        reason: &str,
    ) -> Result<(), QueueError>;

    /// Keeps the membership while the consumer asks for no batch. Delivers nothing. An
    /// aggregator that waits for its store calls it every second.
    ///
    /// # Errors
    /// - [`QueueError::Unavailable`]: the queue cannot be reached; call again.
    /// - [`QueueError::Failed`]: the queue rejected the call.
    async fn keep_alive(&mut self) -> Result<(), QueueError>;

    /// Returns the number of records in this consumer's partitions that were not committed,
    /// as last known. Reads nothing.
    fn lag(&self) -> u64;

    /// Returns the number of entries that this consumer could not read and has set aside.
    /// Reads nothing. Defaults to 0, for queues that contain nothing but records.
    fn unreadable(&self) -> u64 {
        0
    }
}
