//! Votify as a library in this program: for what the server program neither lets one set nor tells.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use votify_axum::VotifyRouter;
use votify_core::PollEngine;
use votify_core::engine::EngineConfig;

use crate::counted_store::CountedStore;
use crate::listen;

/// Where the shortest time between two updates stands, in milliseconds; without it it is the usual one.
pub(crate) const TICK: &str = "VOTIFY_BENCH_TICK";
/// Where it tells how often its store was asked for a poll's votes.
pub(crate) const READS: &str = "/bench/reads";

/// Serves polls in memory, without limits on what one address may do, until the process is ended.
///
/// # Errors
/// If it cannot listen.
#[tokio::main]
pub(crate) async fn serve() -> Result<()> {
    let store = CountedStore::default();
    let reads = Router::new()
        .route(READS, get(reads))
        .with_state(store.reads());
    let engine = PollEngine::builder(store).config(config()?).build();
    let votify = VotifyRouter::new(engine)
        .vote_quota(None)
        .session_quota(None)
        .streams_per_address(None);
    let routes = votify.build().merge(reads);
    listen::serve(routes.layer(axum::Extension(axum::extract::ConnectInfo(
        SocketAddr::from(([127, 0, 0, 1], 1)),
    ))))
    .await
}

fn config() -> Result<EngineConfig> {
    let usual = EngineConfig::default();
    let Ok(tick) = std::env::var(TICK) else {
        return Ok(usual);
    };
    let tick = Duration::from_millis(tick.parse().context("no number of milliseconds")?);
    Ok(EngineConfig {
        update_interval: tick,
        max_update_interval: tick,
        ..usual
    })
}

async fn reads(State(reads): State<Arc<AtomicU64>>) -> Json<u64> {
    Json(reads.load(Ordering::Relaxed))
}
