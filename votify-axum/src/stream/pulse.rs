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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    const EVERY: Duration = Duration::from_secs(25);

    #[tokio::test(start_paused = true)]
    async fn each_stream_has_a_beat_once_in_the_time_and_not_all_at_once() {
        let pulse = Pulse::new(EVERY);
        let listeners: Vec<_> = (0..1_000).map(|_| pulse.listen()).collect();
        let begun = Instant::now();
        let beating = listeners.iter().map(|listener| async move {
            let mut beats = Vec::new();
            for _ in 0..4 {
                listener.beat().await;
                beats.push(begun.elapsed());
            }
            beats
        });
        let beats = futures_util::future::join_all(beating).await;
        for beats in &beats {
            for pair in beats.windows(2) {
                let pause = pair[1] - pair[0];
                assert!(
                    pause.abs_diff(EVERY) <= Duration::from_millis(5),
                    "{pause:?}"
                );
            }
        }
        let mut firsts: Vec<_> = beats.iter().map(|beats| beats[0]).collect();
        firsts.sort();
        for at_once in firsts.chunk_by(|one, other| one == other) {
            assert_eq!(at_once.len(), 1_000 / PHASES);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn its_task_runs_while_somebody_listens() {
        let pulse = Pulse::new(EVERY);
        let tasks = || {
            tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks()
        };
        let before = tasks();
        let listeners = [pulse.listen(), pulse.listen()];
        assert_eq!(tasks(), before + 1, "one for all");
        drop(listeners);
        sleep(EVERY).await;
        assert_eq!(tasks(), before);
        let again = pulse.listen();
        again.beat().await;
        assert_eq!(tasks(), before + 1);
    }
}
