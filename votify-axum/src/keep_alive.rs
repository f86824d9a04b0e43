use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{MissedTickBehavior, interval};

/// The number of groups that tick one after the other, so that not all streams are busy
/// at once.
const TICK_GROUPS: usize = 25;

/// One timer for all streams of a kind: a timer per stream costs more than the ping it
/// times.
///
/// The timer's task starts with the first listener and ends after the last one is
/// dropped.
#[derive(Debug)]
pub(crate) struct KeepAlive {
    interval: Duration,
    running: Mutex<Weak<Timer>>,
}

#[derive(Debug)]
struct Timer {
    groups: Vec<Arc<Notify>>,
    joined: AtomicUsize,
}

/// A stream's subscription to a [`KeepAlive`].
#[derive(Debug)]
pub(crate) struct KeepAliveListener {
    group: Arc<Notify>,
    _timer: Arc<Timer>,
}

impl KeepAlive {
    pub(crate) const fn new(interval: Duration) -> Self {
        Self {
            interval,
            running: Mutex::new(Weak::new()),
        }
    }

    pub(crate) fn listen(&self) -> KeepAliveListener {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let timer = running.upgrade().unwrap_or_else(|| {
            let timer = Arc::new(Timer::new());
            *running = Arc::downgrade(&timer);
            tokio::spawn(run_timer(Arc::downgrade(&timer), self.interval));
            timer
        });
        drop(running);
        let group = timer.joined.fetch_add(1, Ordering::Relaxed) % TICK_GROUPS;
        KeepAliveListener {
            group: Arc::clone(&timer.groups[group]),
            _timer: timer,
        }
    }
}

impl Timer {
    fn new() -> Self {
        Self {
            groups: (0..TICK_GROUPS).map(|_| Arc::default()).collect(),
            joined: AtomicUsize::new(0),
        }
    }
}

impl KeepAliveListener {
    /// Returns a future that completes at the next tick after this call, even if it is
    /// polled only later.
    pub(crate) fn tick(&self) -> OwnedNotified {
        Arc::clone(&self.group).notified_owned()
    }
}

/// Notifies one group after the other, each once per `period`.
async fn run_timer(timer: Weak<Timer>, period: Duration) {
    let groups = u32::try_from(TICK_GROUPS).unwrap_or(u32::MAX);
    let mut ticks = interval((period / groups).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for group in (0..TICK_GROUPS).cycle() {
        ticks.tick().await;
        let Some(timer) = timer.upgrade() else {
            return;
        };
        timer.groups[group].notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(25);

    #[tokio::test(start_paused = true)]
    async fn listeners_tick_once_per_interval_and_spread_over_the_groups() {
        let keep_alive = KeepAlive::new(INTERVAL);
        let listeners: Vec<_> = (0..1_000).map(|_| keep_alive.listen()).collect();
        let start = Instant::now();
        let ticking = listeners.iter().map(|listener| async move {
            let mut ticks = Vec::new();
            for _ in 0..4 {
                listener.tick().await;
                ticks.push(start.elapsed());
            }
            ticks
        });
        let all_ticks = futures_util::future::join_all(ticking).await;
        for ticks in &all_ticks {
            for pair in ticks.windows(2) {
                let pause = pair[1] - pair[0];
                assert!(
                    pause.abs_diff(INTERVAL) <= Duration::from_millis(5),
                    "{pause:?}"
                );
            }
        }
        let mut firsts: Vec<_> = all_ticks.iter().map(|ticks| ticks[0]).collect();
        firsts.sort();
        for simultaneous in firsts.chunk_by(|one, other| one == other) {
            assert_eq!(simultaneous.len(), 1_000 / TICK_GROUPS);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_runs_only_while_there_are_listeners() {
        let keep_alive = KeepAlive::new(INTERVAL);
        let tasks = || {
            tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks()
        };
        let before = tasks();
        let listeners = [keep_alive.listen(), keep_alive.listen()];
        assert_eq!(tasks(), before + 1, "all listeners share one task");
        drop(listeners);
        sleep(INTERVAL).await;
        assert_eq!(tasks(), before);
        let again = keep_alive.listen();
        again.tick().await;
        assert_eq!(tasks(), before + 1);
    }
}
