use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Waiting;
use super::lines::Lines;

/// Where ballots wait for one writer: bounded, and fair between polls.
#[derive(Debug)]
pub(super) struct Queue {
    inside: Mutex<Inside>,
    news: Notify,
}

#[derive(Debug)]
struct Inside {
    lines: Lines<Waiting>,
    /// The writer found nothing, and is to be woken.
    is_awaited: bool,
    closed: bool,
}

/// Why a ballot was not taken in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TurnedAway {
    /// Too many of its poll wait already.
    Full,
    /// The engine is shutting down.
    Closed,
}

impl Queue {
    /// At most `most` ballots of one poll, and as many again of others.
    pub(super) fn new(most: usize) -> Self {
        let lines = Lines::new(most.max(1).saturating_mul(2));
        Self {
            inside: Mutex::new(Inside {
                lines,
                is_awaited: false,
                closed: false,
            }),
            news: Notify::new(),
        }
    }

    pub(super) fn push(&self, waiting: Waiting) -> Result<(), TurnedAway> {
        let mut inside = self.lock();
        if inside.closed {
            return Err(TurnedAway::Closed);
        }
        let pushed = inside.lines.push(waiting.ballot.poll, waiting);
        let wake = std::mem::take(&mut inside.is_awaited);
        drop(inside);
        if wake {
            self.news.notify_one();
        }
        pushed.map_err(|_| TurnedAway::Full)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writer's end. When it is gone, whatever still waits is let go, and nothing more is taken in.
#[derive(Debug)]
pub(super) struct Taker(pub(super) Arc<Queue>);

impl Taker {
    /// Up to `most` ballots as soon as there are any; none when the queue is closed and empty. Cancel safe.
    ///
    /// Whoever is about to push is let go first: one look at the sockets, not a wait. Else the first of a crowd would wake
    /// the writer, and be written alone.
    pub(super) async fn take(&self, most: usize) -> Vec<Waiting> {
        loop {
            tokio::task::yield_now().await;
            {
                let mut inside = self.0.lock();
                if !inside.lines.is_empty() {
                    return inside.lines.take(most);
                }
                if inside.closed {
                    return Vec::new();
                }
                inside.is_awaited = true;
            }
            self.0.news.notified().await;
        }
    }

    /// Takes no more in; what is in still comes out.
    pub(super) fn close(&self) {
        self.0.lock().closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.lock().closed
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        self.close();
        self.0.lock().lines.clear();
    }
}
