use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::queue::{QueueBatch, QueueRecord};
use crate::time::Timestamp;

/// Counters and gauges of an aggregator, for dashboards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AggregatorStats {
    /// Records that were read, ballots and close markers.
    pub records: u64,
    /// Batches that were read.
    pub batches: u64,
    /// The size of the last batch.
    pub last_batch: u64,
    /// Records in this aggregator's partitions that are not committed, as last known.
    pub lag: u64,
    /// How long before the last batch was read its oldest ballot was accepted.
    pub oldest: Duration,
    /// Records that the store could not take and entries that are no records. They were set
    /// aside.
    pub set_aside: u64,
    /// True while the aggregator waits for its store.
    pub paused: bool,
}

/// A handle to the metrics of an aggregator. Clones are the same metrics.
#[derive(Debug, Clone, Default)]
pub struct AggregatorMetrics(Arc<Gauges>);

#[derive(Debug, Default)]
struct Gauges {
    records: AtomicU64,
    batches: AtomicU64,
    last_batch: AtomicU64,
    lag: AtomicU64,
    oldest_micros: AtomicU64,
    set_aside: AtomicU64,
    unreadable: AtomicU64,
    paused: AtomicBool,
}

impl AggregatorMetrics {
    /// Returns the current values.
    #[must_use]
    pub fn read(&self) -> AggregatorStats {
        let load = |gauge: &AtomicU64| gauge.load(Ordering::Relaxed);
        let gauges = &self.0;
        AggregatorStats {
            records: load(&gauges.records),
            batches: load(&gauges.batches),
            last_batch: load(&gauges.last_batch),
            lag: load(&gauges.lag),
            oldest: Duration::from_micros(load(&gauges.oldest_micros)),
            set_aside: load(&gauges.set_aside).saturating_add(load(&gauges.unreadable)),
            paused: gauges.paused.load(Ordering::Relaxed),
        }
    }

    pub(super) fn record_lag(&self, lag: u64) {
        self.0.lag.store(lag, Ordering::Relaxed);
    }

    pub(super) fn record_batch(&self, batch: &QueueBatch, now: Timestamp) {
        let size = u64::try_from(batch.records.len()).unwrap_or(u64::MAX);
        let accepted = batch
            .records
            .iter()
            .filter_map(|delivered| match &delivered.record {
                QueueRecord::Ballot(ballot) => ballot.accepted,
                QueueRecord::Close(_) => None,
            });
        let oldest = accepted.map(|accepted| accepted.at.as_micros()).min();
        let age = oldest.map_or(0, |oldest| now.as_micros().saturating_sub(oldest));
        let gauges = &self.0;
        gauges.records.fetch_add(size, Ordering::Relaxed);
        gauges.batches.fetch_add(1, Ordering::Relaxed);
        gauges.last_batch.store(size, Ordering::Relaxed);
        let age = u64::try_from(age).unwrap_or(0);
        gauges.oldest_micros.store(age, Ordering::Relaxed);
    }

    pub(super) fn record_set_aside(&self, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.0.set_aside.fetch_add(records, Ordering::Relaxed);
    }

    /// Records how many entries the consumer could not read so far.
    pub(super) fn record_unreadable(&self, entries: u64) {
        self.0.unreadable.store(entries, Ordering::Relaxed);
    }

    pub(super) fn set_paused(&self, paused: bool) {
        self.0.paused.store(paused, Ordering::Relaxed);
    }
}
