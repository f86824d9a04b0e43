mod batch_sizer;
mod fair_queue;
mod pending_reply;
mod poll_batch_result;
mod queue;
mod queued_ballot;
mod shared_tally;
mod writer;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ballot::Ballot;
use crate::engine::EngineError;
use crate::engine::cache::CachedDefinition;
use crate::engine::config::EngineConfig;
pub(super) use pending_reply::{CastResult, PendingReply};
use queue::{BallotQueue, SubmitError};
use queued_ballot::QueuedBallot;
pub(super) use shared_tally::SharedTally;
pub(super) use writer::BatchWriter;

/// Collects ballots while the previous batch is written, and writes them as one batch.
///
/// There is no timer: a batch contains the ballots queued during the previous write. A
/// lone vote is written at once, a burst in large batches. A queued ballot is cast even
/// if its caller has dropped its future. Every ballot gets a reply within the store's
/// timeout, also if it waited for a batch that timed out.
#[derive(Debug)]
pub(super) struct Batcher {
    queues: Vec<Arc<BallotQueue>>,
    hasher: RandomState,
}

impl Batcher {
    /// Starts the writers. They end once `shutdown` is cancelled and their queues are
    /// empty.
    pub(super) fn start(
        config: &EngineConfig,
        writer: &BatchWriter,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> Self {
        let start = |_| {
            let queue = Arc::new(BallotQueue::new(config.max_queued_ballots));
            let writer = writer.clone();
            tasks.spawn(writer.run(
                Arc::clone(&queue),
                config.max_batch_size.max(1),
                shutdown.clone(),
            ));
            queue
        };
        Self {
            queues: (0..config.writers.max(1)).map(start).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Queues a ballot, or rejects it at once if the queue is full.
    pub(super) fn submit(
        &self,
        ballot: Ballot,
        definition: Arc<CachedDefinition>,
    ) -> Result<PendingReply, EngineError> {
        let (reply, receiver) = oneshot::channel();
        let queue = self.queue_of(&ballot)?;
        let queued = QueuedBallot {
            ballot,
            definition,
            queued_at: Instant::now(),
            reply,
        };
        match queue.push(queued) {
            Ok(()) => Ok(PendingReply::new(receiver)),
            Err(SubmitError::Full) => Err(EngineError::Overloaded {
                retry_after: self.jittered_retry_after(),
            }),
            Err(SubmitError::Closed) => Err(EngineError::ShuttingDown),
        }
    }

    /// Returns the queue of a ballot. All ballots of a poll use the same queue.
    fn queue_of(&self, ballot: &Ballot) -> Result<&BallotQueue, EngineError> {
        let index = match self.queues.len() {
            0 | 1 => 0,
            writers => {
                usize::try_from(self.hasher.hash_one(ballot.poll) >> 32).unwrap_or(0) % writers
            }
        };
        let queue = self.queues.get(index).ok_or(EngineError::ShuttingDown)?;
        Ok(queue)
    }

    /// Returns 1 to 3 s, so that rejected callers do not all retry at once.
    fn jittered_retry_after(&self) -> Duration {
        let millis = self.hasher.hash_one(uuid::Uuid::new_v4()) % 2_000;
        Duration::from_millis(1_000 + millis)
    }
}
