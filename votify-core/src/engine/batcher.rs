mod batch_sizer;
mod fair_queue;
mod queue;
mod queued_ballot;
mod writer;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ballot::Ballot;
use crate::engine::EngineError;
use crate::engine::cache::CachedDefinition;
use crate::engine::config::EngineConfig;
use crate::engine::stats::Counters;
use crate::poll::ResultsPolicy;
use crate::store::StoreError;
pub(super) use batch_sizer::BatchSizer;
use queue::WriterQueue;
pub(super) use queue::jittered_retry_after;
use queued_ballot::QueuedBallot;
pub(super) use queued_ballot::Reply;
pub(super) use writer::BatchWriter;

/// Queues ballots for the writers, which write them in batches.
///
/// There is no timer: a batch contains the ballots queued during the previous write. A
/// lone vote is written at once, a burst in large batches. A queued ballot is cast even
/// if its caller has dropped its future. Every ballot gets a reply within the store's
/// timeout, even if it waited for a batch that timed out.
#[derive(Debug)]
pub(super) struct Batcher {
    queues: Vec<Arc<WriterQueue>>,
    hasher: RandomState,
    stats: Arc<Counters>,
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
            let queue = Arc::new(WriterQueue::new(config.max_queued_ballots));
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
            stats: Arc::clone(&writer.recorder.stats),
        }
    }

    /// Queues a ballot, or rejects it at once if the queue is full.
    ///
    /// Returns the receiver of the reply. Dropping it does not cancel the ballot.
    pub(super) fn enqueue(
        &self,
        ballot: Ballot,
        definition: Arc<CachedDefinition>,
    ) -> Result<oneshot::Receiver<Result<Reply, StoreError>>, EngineError> {
        let counts_are_public = definition.poll.rules.results == ResultsPolicy::Live;
        let (reply, receiver) = oneshot::channel();
        let pushed = self.queue_of(&ballot)?.push(QueuedBallot {
            ballot,
            definition,
            queued_at: Instant::now(),
            reply,
        });
        if counts_are_public && matches!(pushed, Err(EngineError::Overloaded { .. })) {
            self.stats.record_overloaded();
        }
        pushed.map(|()| receiver)
    }

    /// Returns the queue of a ballot. All ballots of a poll use the same queue.
    fn queue_of(&self, ballot: &Ballot) -> Result<&WriterQueue, EngineError> {
        let index = match self.queues.len() {
            0 | 1 => 0,
            writers => {
                usize::try_from(self.hasher.hash_one(ballot.poll) >> 32).unwrap_or(0) % writers
            }
        };
        let queue = self.queues.get(index).ok_or(EngineError::ShuttingDown)?;
        Ok(queue)
    }
}
