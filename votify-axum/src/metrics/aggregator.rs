use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use votify_core::engine::AggregatorStats;

use super::encode_counter;

/// The metrics of an aggregator in this process.
#[derive(Debug)]
pub(super) struct AggregatorCollector(pub(super) AggregatorStats);

impl Collector for AggregatorCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = &self.0;
        for (name, help, value) in [
            (
                "queue_records",
                "Records read from the queue, ballots and close markers",
                stats.records,
            ),
            (
                "queue_batches",
                "Batches read from the queue",
                stats.batches,
            ),
            (
                "queue_records_set_aside",
                "Records of the queue that could not be counted",
                stats.set_aside,
            ),
        ] {
            encode_counter(&mut encoder, name, help, value)?;
        }
        for (name, help, value) in [
            (
                "queue_lag_records",
                "Records of the queue that this process has not counted yet",
                stats.lag,
            ),
            (
                "queue_batch_records",
                "Records in the last batch",
                stats.last_batch,
            ),
            (
                "queue_paused",
                "1 while counting waits for the store, otherwise 0",
                u64::from(stats.paused),
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        let age = ConstGauge::new(stats.oldest.as_secs_f64());
        let metric = encoder.encode_descriptor(
            "queue_oldest_ballot_age",
            "Age of the oldest ballot of the last batch when it was read",
            Some(&Unit::Seconds),
            age.metric_type(),
        )?;
        age.encode(metric)
    }
}
