//! The engine's side of a queue: accepting ballots, close markers, and the definitions that
//! it needs for both.

mod cast;
mod close;
mod pending;
mod status;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::engine::EngineError;
use crate::engine::batcher::jittered_retry_after;
use crate::engine::loader::PollLoader;
use crate::id::PollId;
use crate::queue::{BallotQueue, BallotRecord, CloseMarker, QueueError};
pub(super) use close::MarkerWriter;
pub(super) use pending::PendingBallots;
pub use status::VoteStatus;

/// Maximum number of polls whose definitions are refreshed. The definitions of the others
/// are refreshed in the next round in which they are voted in.
const MAX_REFRESHED: usize = 10_000;
/// Maximum number of polls in one read of the store.
const CHUNK: usize = 500;

/// A queue with the bounds of the engine.
#[derive(Debug)]
pub(super) struct QueueProducer {
    queue: Arc<dyn BallotQueue>,
    /// The largest difference between the clocks of two engines.
    clock_skew: Duration,
    /// The maximum duration of a call.
    timeout: Duration,
    /// One permit for each ballot that waits for the queue.
    permits: Semaphore,
    /// The polls that were voted in since the last refresh.
    used: Mutex<HashSet<PollId>>,
}

impl QueueProducer {
    pub(super) fn new(
        queue: Arc<dyn BallotQueue>,
        clock_skew: Duration,
        store_timeout: Duration,
        max_waiting: usize,
    ) -> Self {
        Self {
            clock_skew,
            timeout: queue.delivery_timeout().max(store_timeout),
            permits: Semaphore::new(max_waiting.clamp(1, Semaphore::MAX_PERMITS)),
            used: Mutex::default(),
            queue,
        }
    }

    pub(super) fn queue(&self) -> &dyn BallotQueue {
        &*self.queue
    }

    pub(super) const fn clock_skew(&self) -> Duration {
        self.clock_skew
    }

    /// Returns the time from a poll's `closes_at` until no ballot that was accepted in time
    /// can enter the log any more.
    pub(super) fn close_delay(&self) -> Duration {
        self.queue.delivery_timeout() + self.clock_skew
    }

    /// Takes a place among the ballots that wait for the queue.
    pub(super) fn acquire(&self) -> Result<SemaphorePermit<'_>, EngineError> {
        self.permits
            .try_acquire()
            .map_err(|_| EngineError::Overloaded {
                retry_after: jittered_retry_after(),
            })
    }

    /// Appends a ballot.
    pub(super) async fn enqueue(&self, record: &BallotRecord) -> Result<(), EngineError> {
        let records = std::slice::from_ref(record);
        let results = timeout(self.timeout, self.queue.enqueue(records)).await;
        self.single(results.unwrap_or_default().pop())
    }

    /// Appends close markers, and returns a result for each.
    pub(super) async fn enqueue_close(
        &self,
        markers: &[CloseMarker],
    ) -> Vec<Result<(), EngineError>> {
        let results = timeout(self.timeout, self.queue.enqueue_close(markers)).await;
        let mut results = results.unwrap_or_default().into_iter();
        markers
            .iter()
            .map(|_| self.single(results.next()))
            .collect()
    }

    /// Converts a result. There is none if the queue did not answer in time.
    fn single(&self, result: Option<Result<(), QueueError>>) -> Result<(), EngineError> {
        let no_answer = || Err(QueueError::unavailable(self.queue.backend(), NoAnswer));
        result
            .unwrap_or_else(no_answer)
            .map_err(|error| EngineError::Queue {
                error,
                retry_after: jittered_retry_after(),
            })
    }

    fn record_use(&self, poll: PollId) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() < MAX_REFRESHED {
            used.insert(poll);
        }
    }

    /// Reads the definitions of the polls that are voted in again, every `interval`, until
    /// `shutdown` is cancelled. So a vote need not read the store, and learns within the
    /// interval that its poll is sealed.
    pub(super) async fn refresh_definitions(
        self: Arc<Self>,
        loader: Arc<PollLoader>,
        interval: Duration,
        shutdown: CancellationToken,
    ) {
        let refresh = async {
            loop {
                tokio::time::sleep(interval).await;
                let used = {
                    let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
                    std::mem::take(&mut *used)
                };
                let used: Vec<PollId> = used.into_iter().collect();
                for polls in used.chunks(CHUNK) {
                    refresh(&loader, polls).await;
                }
            }
        };
        let _: Option<()> = shutdown.run_until_cancelled(refresh).await;
    }
}

async fn refresh(loader: &PollLoader, ids: &[PollId]) {
    let now = loader.now();
    // While the store is away, the cached definitions serve.
    let Ok(polls) = loader.store.polls(ids).await else {
        return;
    };
    for (id, poll) in ids.iter().zip(polls) {
        let Some(poll) = poll else {
            loader.cache.invalidate(*id);
            continue;
        };
        let has_opened = poll.opening_time() <= now;
        let definition = loader.cache.put(Arc::new(poll));
        if has_opened {
            definition.mark_frozen();
        }
    }
}

/// The error of a call that took longer than the queue's delivery timeout.
#[derive(Debug, thiserror::Error)]
#[error("the queue did not answer in time")]
struct NoAnswer;
