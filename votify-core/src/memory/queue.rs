mod consumer;
mod log;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::backend::LogRecord;
use crate::queue::{BallotQueue, BallotRecord, CloseMarker, QueueError};
pub use consumer::MemoryQueueConsumer;
use log::Log;

/// The name of this queue in logs and errors.
const BACKEND: &str = "memory";

/// A [`BallotQueue`] in memory, for tests and trials. A handle; clones are the same queue.
///
/// Obeys all laws. The data is lost when the process ends. Each change in a group makes
/// all of its consumers begin again at the last commit, so that records are delivered
/// again as often as the laws permit.
///
/// ```
/// use votify_core::engine::{Aggregator, VoteOutcome};
/// use votify_core::{
///     BallotId, Caller, Choice, MemoryQueue, MemoryStore, PollDraft, PollEngine, SessionId,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let queue = MemoryQueue::new();
/// let engine = PollEngine::builder(MemoryStore::new()).queue(queue.clone()).build();
/// let aggregator = Aggregator::new(&engine, queue.consumer("votify"));
/// tokio::spawn(aggregator.run());
///
/// let poll = engine.create_poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"])).await?;
/// let voter = Caller::session(SessionId::random());
/// let ballot = BallotId::generate(engine.now());
/// let receipt = engine.cast(poll.id, &voter, ballot, Choice::one(poll.options[0].id)).await?;
/// assert_eq!(receipt.outcome, VoteOutcome::Queued);
/// while engine.poll(poll.id, &voter).await?.view.total_votes() != Some(1) {
///     tokio::task::yield_now().await;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct MemoryQueue {
    log: Arc<Log>,
}

impl MemoryQueue {
    /// The default number of partitions.
    const PARTITIONS: u32 = 8;
    /// The default capacity in records.
    const CAPACITY: usize = 1_000_000;

    /// Creates a queue with 8 partitions and room for 1 000 000 records.
    #[must_use]
    pub fn new() -> Self {
        Self::with_size(Self::PARTITIONS, Self::CAPACITY)
    }

    /// Creates a queue with this number of partitions, at least 1, and room for `capacity`
    /// records that some group has not committed. Until there is a group, all records are
    /// kept.
    #[must_use]
    pub fn with_size(partitions: u32, capacity: usize) -> Self {
        Self {
            log: Arc::new(Log::new(partitions.max(1), capacity)),
        }
    }

    /// Adds a consumer to a group, and creates the group if it is new.
    #[must_use]
    pub fn consumer(&self, group: &str) -> MemoryQueueConsumer {
        MemoryQueueConsumer::join(Arc::clone(&self.log), group)
    }

    /// Returns the records that consumers have set aside, with the reasons.
    #[must_use]
    pub fn dead_records(&self) -> Vec<(crate::queue::DeliveredRecord, String)> {
        self.log.dead_records()
    }

    fn append(&self, record: LogRecord) -> Result<(), QueueError> {
        if self.log.append(record) {
            Ok(())
        } else {
            Err(QueueError::Full { backend: BACKEND })
        }
    }
}

impl Default for MemoryQueue {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl BallotQueue for MemoryQueue {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    fn delivery_timeout(&self) -> Duration {
        Duration::ZERO
    }

    async fn enqueue(&self, ballots: &[BallotRecord]) -> Vec<Result<(), QueueError>> {
        let append = |record: &BallotRecord| self.append(LogRecord::Ballot(record.clone()));
        ballots.iter().map(append).collect()
    }

    async fn enqueue_close(&self, markers: &[CloseMarker]) -> Vec<Result<(), QueueError>> {
        let append = |marker: &CloseMarker| self.append(LogRecord::Close(*marker));
        markers.iter().map(append).collect()
    }

    async fn check_ready(&self) -> Result<(), QueueError> {
        if self.log.is_full() {
            return Err(QueueError::Full { backend: BACKEND });
        }
        Ok(())
    }
}
