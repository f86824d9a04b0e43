use std::sync::atomic::{AtomicU64, Ordering};

use crate::ballot::Outcome;

/// Counters and gauges of an engine since it was built, for dashboards.
///
/// Vote counters exclude polls with hidden results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineStats {
    /// Ballots counted.
    pub counted: u64,
    /// Ballots counted instead of an earlier one.
    pub replaced: u64,
    /// Ballots withdrawn.
    pub withdrawn: u64,
    /// Ballots that were accepted before.
    pub replayed: u64,
    /// Ballots refused.
    pub refused: u64,
    /// Votes rejected because the queue was full.
    pub overloaded: u64,
    /// Batches of votes that the store failed to write, or not in time.
    pub store_failures: u64,
    /// Current viewers of this engine.
    pub viewers: u64,
    /// Polls currently watched through this engine.
    pub watched_polls: u64,
}

/// The counters behind [`EngineStats`].
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
    /// Counts a ballot. Must not be called for polls that hide their results.
    pub(super) fn record_outcome(&self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Counted { .. } => &self.counted,
            Outcome::Replaced { .. } => &self.replaced,
            Outcome::Withdrawn { .. } => &self.withdrawn,
            Outcome::Replayed { .. } => &self.replayed,
            Outcome::Refused(_) => &self.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn record_overloaded(&self) {
        self.overloaded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn record_store_failure(&self) {
        self.store_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, viewers: u64, watched_polls: u64) -> EngineStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        EngineStats {
            counted: load(&self.counted),
            replaced: load(&self.replaced),
            withdrawn: load(&self.withdrawn),
            replayed: load(&self.replayed),
            refused: load(&self.refused),
            overloaded: load(&self.overloaded),
            store_failures: load(&self.store_failures),
            viewers,
            watched_polls,
        }
    }
}
