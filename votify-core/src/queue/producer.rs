use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{BallotRecord, CloseMarker, QueueError};

/// The producers' side of a queue of ballots.
///
/// # Laws
///
/// - One result per record, in order. An empty call returns an empty result.
/// - Durable: after `Ok` the record is in the log, to the queue's stated guarantee, and is
///   delivered to every group of consumers.
/// - One order per poll: all consumers receive the records of a poll in the same order. It
///   contains the order of a call's records, and a record is behind those that were
///   acknowledged before its call began, of any producer.
/// - Unchanged: a record is delivered with everything that it was sent with.
/// - After an `Err` the record may be in the log. Sending it again is safe: the ballot's id
///   makes the second copy a replay, and a second marker changes nothing.
/// - Bounded: a record enters the log within
///   [`delivery_timeout`](Self::delivery_timeout) after its call began, or never. A queue
///   without room returns [`QueueError::Full`].
/// - Log positions start at 1. In each poll's order they grow, and each is at most
///   `i64::MAX`.
///
/// Every method is cancel safe: the records of a dropped call may be in the log.
#[async_trait]
pub trait BallotQueue: fmt::Debug + Send + Sync + 'static {
    /// Returns a short name for logs and readiness, such as `memory` or `kafka`.
    fn backend(&self) -> &'static str;

    /// Returns the longest time from the beginning of a call until its records enter the
    /// log.
    fn delivery_timeout(&self) -> Duration;

    /// Appends ballots.
    ///
    /// # Errors
    /// For each record:
    /// - [`QueueError::Full`]: the queue has no room; nothing was stored. Retry later.
    /// - [`QueueError::Unavailable`]: the record may be stored; sending it again is safe.
    /// - [`QueueError::Failed`]: the queue rejected the record; nothing was stored.
    async fn enqueue(&self, ballots: &[BallotRecord]) -> Vec<Result<(), QueueError>>;

    /// Appends close markers, each in the order of its poll.
    ///
    /// # Errors
    /// As for [`enqueue`](Self::enqueue).
    async fn enqueue_close(&self, markers: &[CloseMarker]) -> Vec<Result<(), QueueError>>;

    /// Returns an error if ballots would not be accepted now.
    ///
    /// # Errors
    /// - [`QueueError::Full`]: the queue has no room.
    /// - [`QueueError::Unavailable`]: the queue cannot be reached.
    /// - [`QueueError::Failed`]: the queue rejected the call.
    async fn check_ready(&self) -> Result<(), QueueError>;
}
