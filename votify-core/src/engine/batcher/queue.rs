use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::fair_queue::FairQueue;
use super::queued_ballot::QueuedBallot;
use crate::engine::EngineError;

/// The queue of one writer: bounded, and fair between polls.
#[derive(Debug)]
pub(super) struct WriterQueue {
    state: Mutex<State>,
    notify: Notify,
}

#[derive(Debug)]
struct State {
    ballots: FairQueue<QueuedBallot>,
    /// The writer found the queue empty and waits for a notification.
    writer_waits: bool,
    closed: bool,
}

impl WriterQueue {
    /// Creates a queue for at most `max_per_poll` ballots of one poll while no other poll
    /// has any, and for twice as many of all polls.
    pub(super) fn new(max_per_poll: usize) -> Self {
        Self {
            state: Mutex::new(State {
                ballots: FairQueue::new(max_per_poll.max(1).saturating_mul(2)),
                writer_waits: false,
                closed: false,
            }),
            notify: Notify::new(),
        }
    }

    /// Adds a ballot, unless its poll has its share of the queue already or the writer
    /// has ended.
    pub(super) fn push(&self, ballot: QueuedBallot) -> Result<(), EngineError> {
        let mut state = self.lock();
        if state.closed {
            return Err(EngineError::ShuttingDown);
        }
        let pushed = state.ballots.push(ballot.ballot.poll, ballot);
        let wake = std::mem::take(&mut state.writer_waits);
        drop(state);
        if wake {
            self.notify.notify_one();
        }
        pushed.map_err(|_| EngineError::Overloaded {
            retry_after: jittered_retry_after(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns 1 to 3 s, so that rejected callers do not all retry at once.
pub(in crate::engine) fn jittered_retry_after() -> Duration {
    let (_, random) = uuid::Uuid::new_v4().as_u64_pair();
    Duration::from_millis(1_000 + random % 2_000)
}

/// The writer's end of a queue. Dropping it closes the queue and discards its ballots.
#[derive(Debug)]
pub(super) struct BatchReceiver(pub(super) Arc<WriterQueue>);

impl BatchReceiver {
    /// Waits for ballots and returns up to `max` of them; none once the queue is closed
    /// and empty. Cancel safe.
    ///
    /// Yields once before it reads the queue, so that tasks that are about to push run
    /// first. Otherwise the first ballot of a burst would be written alone.
    pub(super) async fn recv(&self, max: usize) -> Vec<QueuedBallot> {
        loop {
            tokio::task::yield_now().await;
            {
                let mut state = self.0.lock();
                if !state.ballots.is_empty() {
                    return state.ballots.pop_batch(max);
                }
                if state.closed {
                    return Vec::new();
                }
                state.writer_waits = true;
            }
            self.0.notify.notified().await;
        }
    }

    /// Rejects further ballots; queued ones are still returned.
    pub(super) fn close(&self) {
        self.0.lock().closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.lock().closed
    }
}

impl Drop for BatchReceiver {
    fn drop(&mut self) {
        self.close();
        self.0.lock().ballots.clear();
    }
}
