mod counted;
mod lines;
mod pace;
mod queue;
mod writer;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ballot::{Ballot, Outcome};
use crate::engine::EngineError;
use crate::engine::cache::Cached;
use crate::engine::config::EngineConfig;
use crate::store::StoreError;
pub(super) use counted::Counted;
use queue::{Queue, TurnedAway};
pub(super) use writer::Writer;

/// Gathers ballots while the last batch is being written, and has them written together.
///
/// There is no timer: a batch is whatever queued up meanwhile, so a lone vote is written at once and a flood in large
/// batches. A ballot that was taken in is cast even if its sender goes away. Every ballot is answered within the time
/// that the store is given, also where it waited for a batch that the store did not answer.
#[derive(Debug)]
pub(super) struct Intake {
    queues: Vec<Arc<Queue>>,
    hasher: RandomState,
}

/// A ballot in the queue.
#[derive(Debug)]
struct Waiting {
    ballot: Ballot,
    /// The definition that the ballot was checked against.
    poll: Arc<Cached>,
    since: Instant,
    answer: oneshot::Sender<Answer>,
}

type Answer = Result<Settled, StoreError>;

/// What became of a ballot, and the counts of the same transaction if its poll exists.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) outcome: Outcome,
    pub(super) counted: Option<Arc<Counted>>,
}

/// A ballot that was taken in. Dropping this does not call it back.
#[derive(Debug)]
pub(super) struct TakenIn(oneshot::Receiver<Answer>);

impl TakenIn {
    pub(super) async fn settled(self) -> Result<Settled, EngineError> {
        // A writer answers everything it took in; what one that is gone left behind was not written.
        let answer = self.0.await.map_err(|_| EngineError::ShuttingDown)?;
        Ok(answer?)
    }
}

impl Intake {
    /// Starts the writers; they end when `shutdown` is cancelled and their queues are empty.
    pub(super) fn start(
        config: &EngineConfig,
        writer: &Writer,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> Self {
        let start = |_| {
            let queue = Arc::new(Queue::new(config.max_queued_ballots));
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

    /// Takes a ballot in, or turns it away at once.
    pub(super) fn take_in(
        &self,
        ballot: Ballot,
        poll: Arc<Cached>,
    ) -> Result<TakenIn, EngineError> {
        let (answer, settled) = oneshot::channel();
        let queue = self.queue_of(&ballot)?;
        let waiting = Waiting {
            ballot,
            poll,
            since: Instant::now(),
            answer,
        };
        match queue.push(waiting) {
            Ok(()) => Ok(TakenIn(settled)),
            Err(TurnedAway::Full) => Err(EngineError::Overloaded {
                retry_after: self.jittered_wait(),
            }),
            Err(TurnedAway::Closed) => Err(EngineError::ShuttingDown),
        }
    }

    fn queue_of(&self, ballot: &Ballot) -> Result<&Queue, EngineError> {
        let writer = match self.queues.len() {
            0 | 1 => 0,
            writers => {
                usize::try_from(self.hasher.hash_one(ballot.poll) >> 32).unwrap_or(0) % writers
            }
        };
        let queue = self.queues.get(writer).ok_or(EngineError::ShuttingDown)?;
        Ok(queue)
    }

    /// One to three seconds, so that those who were turned away do not all come back at once.
    fn jittered_wait(&self) -> Duration {
        let millis = self.hasher.hash_one(uuid::Uuid::new_v4()) % 2_000;
        Duration::from_millis(1_000 + millis)
    }
}
