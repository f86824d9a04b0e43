use std::sync::atomic::{AtomicU64, Ordering};

use crate::ballot::Outcome;
use crate::engine::EngineStats;

/// The running numbers behind [`EngineStats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    counted: AtomicU64,
    replaced: AtomicU64,
    withdrawn: AtomicU64,
    replayed: AtomicU64,
    refused: AtomicU64,
    overloaded: AtomicU64,
    store_failures: AtomicU64,
}

impl Counters {
    /// Counts what became of a ballot. Not to be called for polls that hide their results.
    pub(super) fn outcome(&self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Counted { .. } => &self.counted,
            Outcome::Replaced { .. } => &self.replaced,
            Outcome::Withdrawn { .. } => &self.withdrawn,
            Outcome::Replayed { .. } => &self.replayed,
            Outcome::Refused(_) => &self.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn overloaded(&self) {
        self.overloaded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn store_failure(&self) {
        self.store_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, viewers: u64, watched_polls: u64) -> EngineStats {
        let now = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        EngineStats {
            counted: now(&self.counted),
            replaced: now(&self.replaced),
            withdrawn: now(&self.withdrawn),
            replayed: now(&self.replayed),
            refused: now(&self.refused),
            overloaded: now(&self.overloaded),
            store_failures: now(&self.store_failures),
            viewers,
            watched_polls,
        }
    }
}
