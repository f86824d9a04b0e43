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
/// The time until a comparison that failed is repeated.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Compares the engine's clock with the store's every minute.
///
/// While they differ, and before they were compared, the engine seals no poll by its
/// deadline: a wrong clock would close the poll for everybody at the wrong time.
#[derive(Debug)]
pub(super) struct ClockMonitor {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    last: Mutex<Comparison>,
    /// The end of the last comparison that a caller of [`agrees`](Self::agrees) made. The
    /// lock is held during the comparison.
    first_attempt: tokio::sync::Mutex<Option<Instant>>,
}

/// The result of the last successful comparison.
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
            clock,
            last: Mutex::new(Comparison::Unknown),
            first_attempt: tokio::sync::Mutex::new(None),
        }
    }

    /// Returns true if the clocks were at most 5 s apart at the last comparison, or if the
    /// store has no clock of its own. Compares them first if that was not possible yet.
    pub(super) async fn agrees(&self) -> bool {
        if *self.last() == Comparison::Unknown {
            // Boxed: rare, and it would enlarge the future of every read.
            Box::pin(self.compare_first()).await;
        }
        matches!(*self.last(), Comparison::NoClock | Comparison::Agrees)
    }

    /// Returns whether the clocks were at most 5 s apart at the last comparison. `None` if
    /// the store has no clock of its own, or it was not read yet.
    pub(super) fn last_result(&self) -> Option<bool> {
        match *self.last() {
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
                tokio::time::sleep(pause).await;
            }
        };
        let _: Option<()> = shutdown.run_until_cancelled(compare).await;
    }

    /// Compares the clocks, unless that has succeeded meanwhile. Concurrent callers share
    /// one attempt.
    async fn compare_first(&self) {
        let arrived = Instant::now();
        let mut attempt = self.first_attempt.lock().await;
        let has_failed_meanwhile = attempt.is_some_and(|ended| arrived <= ended);
        if *self.last() == Comparison::Unknown && !has_failed_meanwhile {
            self.compare().await;
            *attempt = Some(Instant::now());
        }
    }

    /// Compares the clocks. Keeps the last result and returns false if the store does not
    /// answer.
    pub(super) async fn compare(&self) -> bool {
        let before = self.clock.now();
        let server = match self.store.server_time().await {
            Ok(Some(server)) => server,
            Ok(None) => {
                *self.last() = Comparison::NoClock;
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
        let last = std::mem::replace(&mut *self.last(), result);
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

    fn last(&self) -> MutexGuard<'_, Comparison> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how far `server` is outside of `before..=after`, the time of the request.
fn distance(server: Timestamp, before: Timestamp, after: Timestamp) -> Duration {
    let early = before.saturating_since(server);
    early.max(server.saturating_since(after))
}
