//! `votify aggregate`: counts the votes of a queue, and serves only its health and metrics.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use clap::ArgMatches;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use votify_axum::{RouteGroup, VotifyRouter};
use votify_core::engine::{AggregatorMetrics, EngineConfig};
use votify_core::{Keyring, PollEngine};

use crate::broadcast::ServerBroadcaster;
use crate::cache::ServerCache;
use crate::cli::AggregateArgs;
use crate::error::CliError;
use crate::queue::ServerQueue;
use crate::redis_connections::RedisConnections;
use crate::serve::address_limit::AddressLimit;
use crate::serve::base_path::BasePath;
use crate::serve::connections::Connections;
use crate::serve::{listen, max_connections, print_address, signals};
use crate::settings::{AggregateSettings, Sources, warn_unknown_variables};
use crate::store::OpenedStore;
use crate::{log, runtime};

/// The time from the stop signal until what has not ended is cut off. A call of the
/// store takes at most 5 s. A batch may have several, and the rest is delivered again.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

/// Runs `votify aggregate`.
pub(crate) fn run(args: &AggregateArgs, matches: &ArgMatches) -> Result<(), CliError> {
    let settings = AggregateSettings::read(args, &Sources::read(&args.store, matches)?)?;
    log::start(&settings.common.log)?;
    warn_unknown_variables();
    runtime::run(aggregate(settings))
}

/// The parts of a running aggregator, which are shut down in order.
struct Parts {
    store: OpenedStore,
    cache: ServerCache,
    broadcast: ServerBroadcaster,
    queue: ServerQueue,
    engine: PollEngine,
    metrics: AggregatorMetrics,
    counting: JoinHandle<()>,
}

async fn aggregate(settings: AggregateSettings) -> Result<(), CliError> {
    let stop = signals::stop_on_signal()
        .map_err(|error| CliError::failed(format!("cannot listen for signals: {error}")))?;
    let started = stop.run_until_cancelled(start(&settings)).await;
    let Some(started) = started else {
        return Ok(());
    };
    let (listener, parts) = started?;
    let app = app(&parts);
    let max = max_connections();
    let addresses = AddressLimit::new(None, max, Vec::new());
    let connections = Connections::new(app, BasePath::default(), max, addresses);
    tracing::info!(
        store = %settings.common.store,
        queue = %settings.queue,
        broadcast = %settings.broadcast,
        cache = %settings.cache,
        "counting"
    );
    print_address(&listener, settings.listen);
    connections.accept(listener, &stop).await;
    shut_down(parts).await;
    Ok(())
}

async fn start(settings: &AggregateSettings) -> Result<(TcpListener, Parts), CliError> {
    let listener = listen(settings.listen).await?;
    let store = OpenedStore::open(&settings.common.store).await?;
    store.check_migrated().await?;
    let mut connections = RedisConnections::default();
    let broadcast = ServerBroadcaster::open(&settings.broadcast, &mut connections).await?;
    let cache = ServerCache::open(&settings.cache, store.shared(), &mut connections).await?;
    let queue = ServerQueue::open(&settings.queue).await?;
    let builder = PollEngine::builder(cache.in_front_of(store.shared()))
        .config(EngineConfig::default())
        .broadcaster(broadcast.shared())
        // It identifies no voter and creates no poll, so any key works.
        .keyring(Keyring::ephemeral());
    let engine = queue.add_to(builder).build();
    let aggregator = queue.aggregator(&engine).await?;
    let aggregator = aggregator.ok_or_else(|| CliError::usage("--queue: must name a queue"))?;
    let parts = Parts {
        metrics: aggregator.metrics(),
        counting: tokio::spawn(aggregator.run()),
        store,
        cache,
        broadcast,
        queue,
        engine,
    };
    Ok((listener, parts))
}

/// Returns the routes of health and metrics. The rest of the API belongs to the servers.
fn app(parts: &Parts) -> Router {
    let router = VotifyRouter::new(parts.engine.clone())
        .vote_rate(None)
        .session_rate(None)
        .join_rate(None)
        .without([
            RouteGroup::Creation,
            RouteGroup::Lists,
            RouteGroup::Management,
            RouteGroup::Voting,
            RouteGroup::Streams,
            RouteGroup::Documents,
            RouteGroup::Pages,
        ])
        .aggregator(parts.metrics.clone());
    let router = match parts.cache.check() {
        Some(check) => router.readiness_check(check),
        None => router,
    };
    let operations: Router = router.build();
    operations.layer(from_fn(only_operations))
}

/// Answers all other paths 404, also those that the router cannot leave out.
async fn only_operations(request: Request, next: Next) -> Response {
    match request.uri().path() {
        "/healthz" | "/readyz" | "/metrics" => next.run(request).await,
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Ends the current batch, gives the partitions up, and closes the backends.
async fn shut_down(parts: Parts) {
    let deadline = Instant::now() + STOP_TIMEOUT;
    let stopped = async {
        parts.engine.shutdown().await;
        if let Err(error) = parts.counting.await {
            tracing::error!(%error, "counting ended");
        }
        parts.queue.close().await;
        parts.cache.close().await;
        parts.store.close().await;
        parts.broadcast.close().await;
    };
    match timeout_at(deadline, stopped).await {
        Ok(()) => tracing::info!("stopped"),
        Err(_) => tracing::warn!("stopped; a batch did not end in time and is counted again"),
    }
}
