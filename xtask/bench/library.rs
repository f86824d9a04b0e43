//! Votify as a library in this program, for settings and counters that `votify serve`
//! does not have.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use votify_axum::{Permissions, VotifyRouter};
use votify_core::engine::EngineConfig;
use votify_core::{PollEngine, Visibility};

use crate::counting_store::CountingStore;
use crate::listen;

/// Environment variable with the update interval in milliseconds. Defaults to the
/// engine's default.
pub(crate) const UPDATE_INTERVAL: &str = "VOTIFY_BENCH_UPDATE_INTERVAL";
/// Path of the route that returns the number of tally reads.
pub(crate) const READ_COUNT_PATH: &str = "/bench/reads";

/// Serves polls in memory, without limits per address, until the process is killed.
///
/// # Errors
/// If the socket cannot listen.
#[tokio::main]
pub(crate) async fn serve() -> Result<()> {
    let store = CountingStore::default();
    let read_count = Router::new()
        .route(READ_COUNT_PATH, get(read_count))
        .with_state(store.tally_reads());
    let engine = PollEngine::builder(store).config(config()?).build();
    let votify = VotifyRouter::new(engine)
        .authorize(Permissions::everybody())
        .default_visibility(Visibility::Public)
        .vote_rate(None)
        .session_rate(None)
        .poll_rate(None)
        .poll_bytes_rate(None)
        .owner_poll_rate(None)
        .session_polls(None)
        .streams_per_address(None);
    let routes = votify.build().merge(read_count);
    listen::serve(routes.layer(axum::Extension(axum::extract::ConnectInfo(
        SocketAddr::from(([127, 0, 0, 1], 1)),
    ))))
    .await
}

fn config() -> Result<EngineConfig> {
    let defaults = EngineConfig::default();
    let Ok(interval) = std::env::var(UPDATE_INTERVAL) else {
        return Ok(defaults);
    };
    let interval = interval
        .parse()
        .with_context(|| format!("{UPDATE_INTERVAL} is not a number of milliseconds"))?;
    let interval = Duration::from_millis(interval);
    Ok(EngineConfig {
        update_interval: interval,
        max_update_interval: interval,
        ..defaults
    })
}

async fn read_count(State(reads): State<Arc<AtomicU64>>) -> Json<u64> {
    Json(reads.load(Ordering::Relaxed))
}
