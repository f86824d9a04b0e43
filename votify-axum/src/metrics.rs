//! Metrics for Prometheus. They leave out votes in polls with hidden results.

mod aggregator;

use std::fmt;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use votify_core::engine::EngineStats;

#[cfg(feature = "accounts")]
use crate::accounts::HashingStats;
use crate::error::Problem;
use crate::response_memory::Uncounted;
use crate::state::AppState;
use aggregator::AggregatorCollector;

/// Returns the current metrics in the OpenMetrics text format.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses((
        status = 200, body = String, content_type = "application/openmetrics-text",
        description = "The metrics"
    ))
)]
pub(crate) async fn metrics(State(state): State<AppState>) -> Result<Response, Problem> {
    let mut registry = Registry::with_prefix("votify");
    registry.register_collector(Box::new(Snapshot {
        engine: state.engine.stats(),
        streams: state.streams.total(),
        response_bytes: state.response_memory.used(),
        rejected_responses: state.response_memory.rejected(),
        #[cfg(feature = "accounts")]
        hashing: state.auth.as_ref().map(|auth| auth.hashing_stats()),
    }));
    if let Some(metrics) = &state.config.aggregator {
        registry.register_collector(Box::new(AggregatorCollector(metrics.read())));
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| Problem::internal(&error))?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let headers = [(header::CONTENT_TYPE, content_type)];
    // Monitoring works also if clients leave many responses unread.
    Ok((Extension(Uncounted), headers, text).into_response())
}

#[derive(Debug)]
struct Snapshot {
    engine: EngineStats,
    streams: u64,
    response_bytes: usize,
    rejected_responses: u64,
    #[cfg(feature = "accounts")]
    hashing: Option<HashingStats>,
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = self.engine;
        for (name, help, value) in [
            ("ballots_counted", "Ballots counted", stats.counted),
            (
                "ballots_replaced",
                "Ballots that replaced an earlier one",
                stats.replaced,
            ),
            ("ballots_withdrawn", "Ballots taken back", stats.withdrawn),
            (
                "ballots_replayed",
                "Ballots that had been accepted before",
                stats.replayed,
            ),
            ("ballots_refused", "Ballots refused", stats.refused),
            (
                "votes_overloaded",
                "Votes rejected because too many were queued",
                stats.overloaded,
            ),
            (
                "store_failures",
                "Store calls that failed or timed out",
                stats.store_failures,
            ),
            (
                "responses_rejected",
                "Requests rejected because too many bytes of responses were not received yet",
                self.rejected_responses,
            ),
        ] {
            encode_counter(&mut encoder, name, help, value)?;
        }
        #[cfg(feature = "accounts")]
        if let Some(hashing) = self.hashing {
            let (hashed, rejected) = (hashing.hashed, hashing.rejected);
            encode_counter(
                &mut encoder,
                "passwords_hashed",
                "Passwords hashed, to store or to check them",
                hashed,
            )?;
            encode_counter(
                &mut encoder,
                "logins_overloaded",
                "Callers rejected because too many passwords were queued",
                rejected,
            )?;
        }
        for (name, help, value) in [
            ("viewers", "Viewers of this process", stats.viewers),
            (
                "watched_polls",
                "Polls with viewers in this process",
                stats.watched_polls,
            ),
            ("streams", "Open streams over HTTP", self.streams),
            (
                "response_bytes",
                "Bytes of large responses that were not received yet",
                u64::try_from(self.response_bytes).unwrap_or(u64::MAX),
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

fn encode_counter(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: u64,
) -> Result<(), fmt::Error> {
    let counter = ConstCounter::new(value);
    let metric = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
    counter.encode(metric)
}
