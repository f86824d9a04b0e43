use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::store::Store;
use crate::time::{Clock, Timestamp};

/// The largest accepted difference between this engine's clock and the store's.
const MAX_DIFFERENCE: Duration = Duration::from_secs(5);
/// The time between two comparisons.
const INTERVAL: Duration = Duration::from_secs(60);
/// The largest change of the time of day against the monotonic time since a comparison
/// that is not a step. A clock that is adjusted slowly drifts by less in [`INTERVAL`].
const MAX_DRIFT: Duration = Duration::from_secs(1);
/// The time until a comparison that failed is repeated.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Compares the engine's clock with the store's every minute, and when the time of day
/// was set.
///
/// While they differ, and before they were compared, the engine seals no poll by its
/// deadline: a wrong clock would close the poll for everybody at the wrong time.
#[derive(Debug)]
pub(super) struct ClockMonitor {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    last: Mutex<LastComparison>,
    /// The end of the last comparison that a caller of [`agrees`](Self::agrees) made. The
    /// lock is held during the comparison.
    last_attempt: tokio::sync::Mutex<Option<Instant>>,
}

/// The last successful comparison.
#[derive(Debug, Clone, Copy)]
struct LastComparison {
    result: Comparison,
    /// The clock's time of day without its monotonic time, in microseconds. It stays the
    /// same unless the time of day is adjusted.
    start_of_monotonic: i64,
    /// How far the store's clock was ahead, in microseconds. Negative if it was behind.
    store_ahead: i64,
}

/// The result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// None has succeeded yet.
    Unknown,
    /// The store has no clock of its own.
    NoClock,
    /// The clocks were at most 5 s apart.
    Agrees,
    /// The clocks were more than 5 s apart.
    Differs,
}

impl ClockMonitor {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            last: Mutex::new(LastComparison {
                result: Comparison::Unknown,
                start_of_monotonic: start_of_monotonic(&*clock),
                store_ahead: 0,
            }),
            clock,
            last_attempt: tokio::sync::Mutex::new(None),
        }
    }

    /// Returns true if the clocks were at most 5 s apart at the last comparison, or if
    /// the store has no clock of its own. Compares them first if that was not possible
    /// yet, or if the time of day was set since. Returns false if that fails.
    pub(super) async fn agrees(&self) -> bool {
        if self.is_outdated() {
            // Boxed: rare, and it would enlarge the future of every read.
            Box::pin(self.compare_for_caller()).await;
        }
        let result = self.last().result;
        !self.is_outdated() && matches!(result, Comparison::NoClock | Comparison::Agrees)
    }

    /// Returns the time of day: the store's if the clocks differ, else the engine's.
    /// `None` if they cannot be compared at the moment.
    pub(super) async fn trusted_now(&self) -> Option<Timestamp> {
        let agrees = self.agrees().await;
        let last = *self.last();
        let now = self.clock.now();
        match last.result {
            _ if agrees => Some(now),
            Comparison::Differs if !self.is_outdated() => {
                Timestamp::from_micros(now.as_micros().saturating_add(last.store_ahead)).ok()
            }
            _ => None,
        }
    }

    /// Returns whether the clocks were at most 5 s apart at the last comparison. `None` if
    /// the store has no clock of its own, or it was not read yet.
    pub(super) fn last_result(&self) -> Option<bool> {
        match self.last().result {
            Comparison::Unknown | Comparison::NoClock => None,
            Comparison::Agrees => Some(true),
            Comparison::Differs => Some(false),
        }
    }

    /// Compares the clocks until `shutdown` is cancelled.
    pub(super) async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let compare = async {
            loop {
                let compared = self.compare().await;
                let pause = if compared { INTERVAL } else { RETRY_INTERVAL };
                let next = Instant::now() + pause;
                while Instant::now() < next {
                    tokio::time::sleep(RETRY_INTERVAL).await;
                    if self.is_outdated() {
                        break;
                    }
                }
            }
        };
        let _: Option<()> = shutdown.run_until_cancelled(compare).await;
    }

    /// Returns true if there was no comparison, or if the time of day was set since.
    fn is_outdated(&self) -> bool {
        let last = *self.last();
        match last.result {
            Comparison::Unknown => true,
            Comparison::NoClock => false,
            Comparison::Agrees | Comparison::Differs => {
                let now = start_of_monotonic(&*self.clock);
                let drift = now.abs_diff(last.start_of_monotonic);
                Duration::from_micros(drift) > MAX_DRIFT
            }
        }
    }

    /// Compares the clocks, unless that has succeeded meanwhile. Concurrent callers share
    /// one attempt.
    async fn compare_for_caller(&self) {
        let arrived = Instant::now();
        let mut attempt = self.last_attempt.lock().await;
        let has_failed_meanwhile = attempt.is_some_and(|ended| arrived <= ended);
        if self.is_outdated() && !has_failed_meanwhile {
            self.compare().await;
            *attempt = Some(Instant::now());
        }
    }

    /// Compares the clocks. Keeps the last result and returns false if the store does not
    /// answer.
    pub(super) async fn compare(&self) -> bool {
        let start_of_monotonic = start_of_monotonic(&*self.clock);
        let before = self.clock.now();
        let server = match self.store.server_time().await {
            Ok(Some(server)) => server,
            Ok(None) => {
                self.last().result = Comparison::NoClock;
                return true;
            }
            Err(_) => return false,
        };
        let difference = distance(server, before, self.clock.now());
        let result = if difference > MAX_DIFFERENCE {
            Comparison::Differs
        } else {
            Comparison::Agrees
        };
        let compared = LastComparison {
            result,
            start_of_monotonic,
            store_ahead: server.as_micros().saturating_sub(before.as_micros()),
        };
        let last = std::mem::replace(&mut *self.last(), compared).result;
        if result == Comparison::Differs {
            tracing::warn!(
                seconds = difference.as_secs(),
                store = self.store.backend(),
                "the clock of this machine and the store's differ; until they agree, this \
                 instance closes no poll at its deadline: set the clocks, for example with NTP"
            );
        } else if last == Comparison::Differs {
            tracing::info!("the clock of this machine agrees with the store's again");
        }
        true
    }

    fn last(&self) -> MutexGuard<'_, LastComparison> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how far `server` is outside of `before..=after`, the time of the request.
fn distance(server: Timestamp, before: Timestamp, after: Timestamp) -> Duration {
    let early = before.saturating_since(server);
    early.max(server.saturating_since(after))
}

/// Returns the time of day at which the monotonic time was zero, as the clock shows it
/// now, in microseconds.
fn start_of_monotonic(clock: &dyn Clock) -> i64 {
    let monotonic = i64::try_from(clock.monotonic().as_micros()).unwrap_or(i64::MAX);
    clock.now().as_micros().saturating_sub(monotonic)
}
