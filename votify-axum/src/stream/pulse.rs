use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{MissedTickBehavior, interval};

/// In how many parts the streams have their beat, one after the other, so that not all of them are busy at once.
const PHASES: usize = 25;

/// One timer for the beat of all streams of a kind, whether a ping or a comment is sent by it.
///
/// Its task runs while somebody listens, and ends by itself soon after the last one left.
#[derive(Debug)]
pub(crate) struct Pulse {
    every: Duration,
    beats: Mutex<Weak<Beats>>,
}

#[derive(Debug)]
struct Beats {
    phases: Vec<Arc<Notify>>,
    joined: AtomicUsize,
}

/// A stream's part in a pulse.
#[derive(Debug)]
pub(crate) struct Listener {
    phase: Arc<Notify>,
    _beats: Arc<Beats>,
}

impl Pulse {
    pub(crate) const fn new(every: Duration) -> Self {
        Self {
            every,
            beats: Mutex::new(Weak::new()),
        }
    }

    /// Has a part in it from now on.
    pub(crate) fn listen(&self) -> Listener {
        let mut running = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        let beats = running.upgrade().unwrap_or_else(|| {
            let beats = Arc::new(Beats::new());
            *running = Arc::downgrade(&beats);
            tokio::spawn(beat(Arc::downgrade(&beats), self.every));
            beats
        });
        drop(running);
        let turn = beats.joined.fetch_add(1, Ordering::Relaxed) % PHASES;
        Listener {
            phase: Arc::clone(&beats.phases[turn]),
            _beats: beats,
        }
    }
}

impl Beats {
    fn new() -> Self {
        Self {
            phases: (0..PHASES).map(|_| Arc::default()).collect(),
            joined: AtomicUsize::new(0),
        }
    }
}

impl Listener {
    /// Ends with the next beat after this call, however late it is polled.
    pub(crate) fn beat(&self) -> OwnedNotified {
        Arc::clone(&self.phase).notified_owned()
    }
}

/// Wakes one phase after the other, all of them once in `every`.
async fn beat(beats: Weak<Beats>, every: Duration) {
    let phases = u32::try_from(PHASES).unwrap_or(u32::MAX);
    let mut turns = interval((every / phases).max(Duration::from_millis(1)));
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for turn in (0..PHASES).cycle() {
        turns.tick().await;
        let Some(beats) = beats.upgrade() else {
            return;
        };
        beats.phases[turn].notify_waiters();
    }
}
