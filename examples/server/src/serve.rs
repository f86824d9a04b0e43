//! `votify serve`: the parts put together, from the first setting to the last connection.

mod answer;
mod connections;
mod line;
mod signals;
mod socket;

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use clap::ArgMatches;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
use votify_axum::{Accounts, VotifyRouter};
use votify_core::engine::EngineConfig;
use votify_core::{PollEngine, RateLimiter};

use crate::broadcast::OpenBroadcast;
use crate::cache::OpenCache;
use crate::cli::ServeArgs;
use crate::failure::Failure;
use crate::redis::Helpers;
use crate::runtime::Apart;
use crate::serve::connections::Connections;
use crate::settings::{ServeSettings, Sources, StoreUrl, check_secret, keyring};
use crate::store::OpenStore;
use crate::{limiter, log, output, runtime};

/// How long requests in hand may take once the server was told to stop: as long as a vote may take.
const REQUESTS: Duration = Duration::from_secs(5);
/// Over how long viewers are sent to other instances, so that those are not overrun.
const GOODBYES: Duration = Duration::from_secs(5);
/// When whatever is still open is cut off, from being told to stop. With what comes before and after it stays below the
/// 10 s that a supervisor commonly waits.
const EVERYTHING: Duration = Duration::from_secs(8);
/// Open files that are no clients' connections: the database's, the runtime's, the log's.
const OTHER_FILES: u64 = 128;

/// `votify serve`
pub(crate) fn run(args: &ServeArgs, matches: &ArgMatches) -> Result<(), Failure> {
    let settings = ServeSettings::read(args, &Sources::read(&args.store, matches)?)?;
    if args.print_config {
        return output::line(settings.to_toml()?.trim_end());
    }
    check_secret(&settings)?;
    log::start(&settings.common.log)?;
    // SQLite has a thread of its own already.
    let is_apart = settings.common.store.is_server();
    let apart = is_apart.then(Apart::start).transpose()?;
    let served = runtime::run(serve(Arc::new(settings), apart.as_ref()));
    if let Some(apart) = apart {
        apart.end();
    }
    served
}

async fn serve(settings: Arc<ServeSettings>, apart: Option<&Apart>) -> Result<(), Failure> {
    let stop = signals::stop_on_signal()
        .map_err(|error| Failure::failed(format!("cannot listen for signals: {error}")))?;
    let starting = start(Arc::clone(&settings));
    let started = match apart {
        Some(apart) => stop.run_until_cancelled(apart.run(starting)).await,
        None => stop.run_until_cancelled(starting).await,
    };
    match started {
        None => Ok(()),
        Some(Err(failure)) => Err(failure),
        Some(Ok((listener, parts))) => {
            let app = app(&parts, &settings);
            let connections = Connections::new(app, most_connections());
            announce(&listener, &settings);
            connections.accept(listener, &stop).await;
            finish(&connections, &parts).await;
            Ok(())
        }
    }
}

/// What has to be ended in good order.
struct Parts {
    store: OpenStore,
    cache: OpenCache,
    broadcast: OpenBroadcast,
    /// `None` limits no rate.
    limiter: Option<Arc<dyn RateLimiter>>,
    engine: PollEngine,
}

/// On a server it runs apart from the connections of clients: a batch goes to the store and back several times, and would wait
/// behind requests at every step. Takes the port first, so that nothing is made on disk for a server that cannot have it; then the store.
async fn start(settings: Arc<ServeSettings>) -> Result<(TcpListener, Parts), Failure> {
    let listener = listen(settings.listen).await?;
    let had_database = settings.common.store.file().is_some_and(Path::exists);
    let store = OpenStore::open(&settings.common.store).await?;
    if settings.require_durable {
        store.check_durable()?;
    }
    if settings.migrate || !settings.common.store.is_server() {
        store.migrate().await?;
    } else {
        store.check_migrated().await?;
    }
    let mut helpers = Helpers::default();
    let broadcast = OpenBroadcast::open(&settings.broadcast, &mut helpers).await?;
    let cache = OpenCache::open(&settings.cache, store.shared(), &mut helpers).await?;
    let limiter = limiter::open(&settings.limits.limiter, &mut helpers).await?;
    let config = EngineConfig {
        writers: writers(&settings.common.store),
        ..EngineConfig::default()
    };
    let engine = PollEngine::builder(cache.in_front_of(store.shared()))
        .config(config)
        .broadcaster(broadcast.shared())
        .keyring(keyring(&settings, had_database)?)
        .build();
    let parts = Parts {
        store,
        cache,
        broadcast,
        limiter,
        engine,
    };
    Ok((listener, parts))
}

/// How many batches, each of other polls, are on their way to the store at once: SQLite writes one at a time, servers as many
/// as this machine can prepare, and at most half of the connections.
fn writers(store: &StoreUrl) -> usize {
    if store.is_server() {
        thread::available_parallelism().map_or(1, |cores| cores.get().min(4))
    } else {
        1
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    connections::listen(address).map_err(|error| {
        let problem = match error.kind() {
            ErrorKind::AddrInUse => "address in use".to_owned(),
            ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
            ErrorKind::PermissionDenied => "not allowed".to_owned(),
            _ => error.to_string(),
        };
        Failure::failed(format!(
            "cannot listen on {address}: {problem}; choose another with --listen"
        ))
    })
}

fn app(parts: &Parts, settings: &ServeSettings) -> Router {
    let limits = &settings.limits;
    let router = VotifyRouter::new(parts.engine.clone());
    let router = match &parts.limiter {
        None => router.vote_quota(None).session_quota(None),
        Some(limiter) => router
            .limiter(Arc::clone(limiter))
            .vote_quota(limits.vote_rate)
            .session_quota(limits.session_rate),
    };
    let router = router
        .streams_per_address(limits.streams_per_address.map(NonZeroU32::get))
        .trusted_proxies(settings.trusted_proxies.iter().copied())
        .fallback(true);
    let router = match accounts(parts, settings) {
        Some(accounts) => router.accounts(accounts),
        None => router,
    };
    let router = match parts.cache.check() {
        Some(check) => router.readiness_check(check),
        None => router,
    };
    match &settings.public_url {
        Some(url) => router.public_url(url.clone()).build(),
        None => router.build(),
    }
}

/// The users, beside the polls, unless they are not wanted or the store cannot keep them.
fn accounts(parts: &Parts, settings: &ServeSettings) -> Option<Accounts> {
    if !settings.accounts {
        return None;
    }
    let Some(store) = parts.store.accounts() else {
        tracing::info!(
            "nobody can register or log in: a redis:// store keeps no users, and calls below /api/auth are answered 404"
        );
        return None;
    };
    let accounts = Accounts::new(store);
    let limits = &settings.limits;
    Some(match &parts.limiter {
        None => accounts
            .login_quota(None)
            .address_quota(None)
            .register_quota(None),
        Some(_) => {
            let accounts = match limits.login_rate {
                None => accounts.login_quota(None).address_quota(None),
                rate => accounts.login_quota(rate),
            };
            accounts.register_quota(limits.register_rate)
        }
    })
}

/// As many as the system lets this process have files open, which is raised as far as it may be.
fn most_connections() -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    usize::try_from(files.saturating_sub(OTHER_FILES).max(16)).unwrap_or(usize::MAX)
}

/// Says on standard output that the server is ready, and where.
fn announce(listener: &TcpListener, settings: &ServeSettings) {
    let address = listener.local_addr().unwrap_or(settings.listen);
    tracing::info!(
        %address,
        store = %settings.common.store,
        broadcast = %settings.broadcast,
        cache = %settings.cache,
        limits = %settings.limits.limiter,
        "ready"
    );
    if let Err(failure) = output::line(&format!("listening on http://{address}")) {
        tracing::warn!(%failure, "nobody was told that the server is ready");
    }
}

/// Finishes what is in hand: first the requests, while the viewers leave one after the other and are told why; then the votes, then
/// the streams that are left.
async fn finish(connections: &Connections, parts: &Parts) {
    let begun = Instant::now();
    tokio::join!(
        within(begun + REQUESTS, connections.finish_requests()),
        parts.engine.drain_viewers(GOODBYES),
    );
    within(begun + EVERYTHING, parts.engine.shutdown()).await;
    within(begun + EVERYTHING, connections.closed()).await;
    within(begun + EVERYTHING, parts.cache.close()).await;
    within(begun + EVERYTHING, parts.store.close()).await;
    within(begun + EVERYTHING, parts.broadcast.close()).await;
    match connections.open() {
        0 => tracing::info!("stopped"),
        cut_off => tracing::warn!(cut_off, "stopped; these connections did not end in time"),
    }
}

async fn within(deadline: Instant, work: impl Future<Output = ()>) {
    // What is not done by then is cut off, which clients must expect of a server anyway.
    let _ = timeout_at(deadline, work).await;
}
