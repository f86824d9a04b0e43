use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::store::Store;
use crate::time::{Clock, Timestamp};

/// The largest accepted difference between this engine's clock and the store's.
const MAX_DIFFERENCE: Duration = Duration::from_secs(5);
/// The time between two comparisons.
const INTERVAL: Duration = Duration::from_secs(60);

/// Compares the engine's clock with the store's every minute.
///
/// While they differ, the engine seals no poll by its deadline: a wrong clock would close
/// the poll for everybody at the wrong time.
#[derive(Debug)]
pub(super) struct ClockMonitor {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// True once the store has returned its time.
    compared: AtomicBool,
    differs: AtomicBool,
}

impl ClockMonitor {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            compared: AtomicBool::new(false),
            differs: AtomicBool::new(false),
        }
    }

    /// Returns true if the clocks were more than 5 seconds apart at the last comparison.
    pub(super) fn differs(&self) -> bool {
        self.differs.load(Ordering::Relaxed)
    }

    /// Returns true if the store has a clock of its own, which was read at least once.
    pub(super) fn has_compared(&self) -> bool {
        self.compared.load(Ordering::Relaxed)
    }

    /// Compares the clocks until `shutdown` is cancelled.
    pub(super) async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let compare = async {
            loop {
                ticks.tick().await;
                self.compare().await;
            }
        };
        let _: Option<()> = shutdown.run_until_cancelled(compare).await;
    }

    /// Compares the clocks. Keeps the last result if the store does not answer.
    pub(super) async fn compare(&self) {
        let before = self.clock.now();
        let Ok(Some(server)) = self.store.server_time().await else {
            return;
        };
        let difference = distance(server, before, self.clock.now());
        let differs = difference > MAX_DIFFERENCE;
        self.compared.store(true, Ordering::Relaxed);
        let differed = self.differs.swap(differs, Ordering::Relaxed);
        if differs {
            tracing::warn!(
                seconds = difference.as_secs(),
                store = self.store.backend(),
                "the clock of this machine and the store's differ; until they agree, this \
                 instance closes no poll at its deadline: set the clocks, for example with NTP"
            );
        } else if differed {
            tracing::info!("the clock of this machine agrees with the store's again");
        }
    }
}

/// Returns how far `server` is outside of `before..=after`, the time of the request.
fn distance(server: Timestamp, before: Timestamp, after: Timestamp) -> Duration {
    let early = before.saturating_since(server);
    early.max(server.saturating_since(after))
}
