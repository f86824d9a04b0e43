mod writer;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ballot::{Ballot, Outcome};
use crate::engine::EngineError;
use crate::engine::cache::Cached;
use crate::engine::config::EngineConfig;
use crate::store::StoreError;
use crate::tally::Tally;
pub(super) use writer::Writer;

/// Gathers ballots while the last batch is being written, and has them written together.
///
/// There is no timer: a batch is whatever queued up meanwhile, so a lone vote is written at once and a flood in large
/// batches. A ballot that was taken in is cast even if its sender goes away. Every ballot is answered within the time
/// that the store is given, also where it waited for a batch that the store did not answer.
#[derive(Debug)]
pub(super) struct Intake {
    writers: Vec<mpsc::Sender<Waiting>>,
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

/// What became of a ballot, and the tally of the same transaction if its poll exists.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) outcome: Outcome,
    pub(super) tally: Option<Arc<Tally>>,
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
            let (sender, queue) = mpsc::channel(config.queue.max(1));
            tasks.spawn(
                writer
                    .clone()
                    .run(queue, config.batch.max(1), shutdown.clone()),
            );
            sender
        };
        Self {
            writers: (0..config.writers.max(1)).map(start).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Casts a ballot. Once this has been polled, dropping it does not call the ballot back.
    pub(super) async fn cast(
        &self,
        ballot: Ballot,
        poll: Arc<Cached>,
    ) -> Result<Settled, EngineError> {
        let (answer, settled) = oneshot::channel();
        let queue = self.queue_of(&ballot)?;
        queue
            .try_send(Waiting {
                ballot,
                poll,
                since: Instant::now(),
                answer,
            })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => EngineError::Overloaded {
                    retry_after: self.jittered_wait(),
                },
                mpsc::error::TrySendError::Closed(_) => EngineError::ShuttingDown,
            })?;
        // A writer answers everything it took in; one that is gone took nothing in.
        let answer = settled.await.map_err(|_| EngineError::ShuttingDown)?;
        Ok(answer?)
    }

    fn queue_of(&self, ballot: &Ballot) -> Result<&mpsc::Sender<Waiting>, EngineError> {
        let writer = match self.writers.len() {
            0 | 1 => 0,
            writers => {
                usize::try_from(self.hasher.hash_one(ballot.poll) >> 32).unwrap_or(0) % writers
            }
        };
        self.writers.get(writer).ok_or(EngineError::ShuttingDown)
    }

    /// One to three seconds, so that those who were turned away do not all come back at once.
    fn jittered_wait(&self) -> Duration {
        let millis = self.hasher.hash_one(uuid::Uuid::new_v4()) % 2_000;
        Duration::from_millis(1_000 + millis)
    }
}
