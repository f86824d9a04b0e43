//! `votify serve`: assembles the server from its settings, runs it, and shuts it down in
//! order.

pub(crate) mod address_limit;
pub(crate) mod base_path;
mod connection_state;
pub(crate) mod connections;
mod half_close;
mod lingering_socket;
mod response_body;
pub(crate) mod signals;
mod socket;
mod stall;

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
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use votify_axum::{Accounts, Creators, JwksIdentity, Permissions, VotifyRouter};
use votify_core::engine::{AggregatorMetrics, EngineConfig};
use votify_core::{PollEngine, RateLimiter, Visibility};

use crate::broadcast::ServerBroadcaster;
use crate::cache::ServerCache;
use crate::cli::ServeArgs;
use crate::error::CliError;
use crate::queue::ServerQueue;
use crate::redis_connections::RedisConnections;
use crate::runtime::EngineRuntime;
use crate::serve::address_limit::AddressLimit;
use crate::serve::base_path::BasePath;
use crate::serve::connections::Connections;
use crate::settings::{
    IssuerSettings, ServeSettings, Sources, StoreUrl, UnusedAge, check_hosts, check_secret,
    keyring, warn_unknown_variables, warn_without_tls,
};
use crate::store::OpenedStore;
use crate::{log, output, rate_limiter, runtime};

/// The time that requests in progress have after a stop signal: the longest time that a
/// vote takes.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The time over which viewers are disconnected, so that they do not reconnect to other
/// instances all at once.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// The time from the stop signal until connections that are still open are cut. With the
/// steps before and after, the shutdown stays below the 10 s that supervisors commonly
/// wait.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(8);
/// Open files reserved for the database, the runtime and the log.
const RESERVED_FILES: u64 = 128;

/// Runs `votify serve`.
pub(crate) fn run(args: &ServeArgs, matches: &ArgMatches) -> Result<(), CliError> {
    let settings = ServeSettings::read(args, &Sources::read(&args.store, matches)?)?;
    if args.print_config {
        log::start(&settings.common.log)?;
        warn_unknown_variables();
        return output::print_line(settings.to_toml()?.trim_end());
    }
    check_create(&settings)?;
    check_takes_votes(&settings.common.store)?;
    check_secret(&settings)?;
    check_hosts(&settings)?;
    log::start(&settings.common.log)?;
    warn_unknown_variables();
    warn_without_tls(&settings);
    // SQLite already has its own thread.
    let needs_runtime = settings.common.store.is_server();
    let engine_runtime = needs_runtime.then(EngineRuntime::start).transpose()?;
    let served = runtime::run(serve(Arc::new(settings), engine_runtime.as_ref()));
    if let Some(runtime) = engine_runtime {
        runtime.shutdown();
    }
    served
}

/// Fails for a store that would refuse every vote.
fn check_takes_votes(store: &StoreUrl) -> Result<(), CliError> {
    if store.is_read_only() {
        return Err(CliError::usage(
            "--store: the database would only be read, so that no vote could be stored; use mode=rw or mode=rwc, \
             without immutable",
        ));
    }
    Ok(())
}

/// Fails if only people with an account may create polls, and there are no accounts.
fn check_create(settings: &ServeSettings) -> Result<(), CliError> {
    let has_own = settings.accounts && settings.common.store.has_accounts();
    let has_accounts = has_own || settings.issuer.is_some();
    if settings.create.0 == Creators::Accounts && !has_accounts {
        return Err(CliError::usage(
            "--create: nobody has an account: set --accounts true with a store other than redis://, or --oidc-issuer",
        ));
    }
    Ok(())
}

async fn serve(
    settings: Arc<ServeSettings>,
    engine_runtime: Option<&EngineRuntime>,
) -> Result<(), CliError> {
    let issuer = settings.issuer.as_ref();
    let issuer = issuer.map(IssuerSettings::open).transpose()?;
    let stop = signals::stop_on_signal()
        .map_err(|error| CliError::failed(format!("cannot listen for signals: {error}")))?;
    let starting = start(Arc::clone(&settings));
    let started = match engine_runtime {
        Some(runtime) => stop.run_until_cancelled(runtime.run(starting)).await,
        None => stop.run_until_cancelled(starting).await,
    };
    match started {
        None => Ok(()),
        Some(Err(error)) => Err(error),
        Some(Ok((listener, parts))) => {
            let app = app(&parts, &settings, issuer);
            let base_path = BasePath::new(settings.public_url.as_ref());
            let max = max_connections();
            let per_address = settings.limits.connections_per_address;
            let proxies = settings.trusted_proxies.clone();
            let addresses = AddressLimit::new(per_address, max, proxies);
            let connections = Connections::new(app, base_path, max, addresses);
            log_settings(&settings);
            print_address(&listener, settings.listen);
            connections.accept(listener, &stop).await;
            shut_down(&connections, &parts).await;
            Ok(())
        }
    }
}

/// The parts of a running server, which are shut down in order.
struct Parts {
    store: OpenedStore,
    cache: ServerCache,
    broadcast: ServerBroadcaster,
    queue: ServerQueue,
    /// `None` if this process counts no votes of a queue.
    counting: Option<Counting>,
    /// `None` if rate limits are off.
    limiter: Option<Arc<dyn RateLimiter>>,
    engine: PollEngine,
}

/// The task that counts the votes of the queue.
struct Counting {
    task: Mutex<JoinHandle<()>>,
    metrics: AggregatorMetrics,
}

/// Binds the port, then opens the store and the optional backends, and starts the engine.
///
/// The port comes first, so that a server that cannot bind it creates nothing on disk.
/// With a database server, this runs on the engine's own runtime: a batch takes several
/// round trips, and would wait behind requests at each of them.
async fn start(settings: Arc<ServeSettings>) -> Result<(TcpListener, Parts), CliError> {
    let listener = listen(settings.listen).await?;
    let had_database = settings.common.store.file().is_some_and(Path::exists);
    let store = OpenedStore::open(&settings.common.store).await?;
    if settings.require_durable {
        store.check_durable()?;
    }
    if settings.migrate || !settings.common.store.is_server() {
        store.migrate().await?;
    } else {
        store.check_migrated().await?;
    }
    let mut connections = RedisConnections::default();
    let broadcast = ServerBroadcaster::open(&settings.broadcast, &mut connections).await?;
    let cache = ServerCache::open(&settings.cache, store.shared(), &mut connections).await?;
    if settings.migrate {
        ServerQueue::create(&settings.queue).await?;
    }
    let queue = ServerQueue::open(&settings.queue).await?;
    if settings.require_durable {
        queue.check_durable()?;
    }
    let limiter = rate_limiter::open(&settings.limits.limiter, &mut connections).await?;
    let config = EngineConfig {
        writers: writers(&settings.common.store),
        ..EngineConfig::default()
    };
    let builder = PollEngine::builder(cache.in_front_of(store.shared()))
        .config(config)
        .broadcaster(broadcast.shared())
        .keyring(keyring(&settings, had_database)?)
        .remove_unused_polls(settings.remove_unused_polls.map(UnusedAge::duration));
    let engine = queue.add_to(builder).build();
    let aggregator = if settings.aggregate {
        queue.aggregator(&engine).await?
    } else {
        None
    };
    let counting = aggregator.map(|aggregator| Counting {
        metrics: aggregator.metrics(),
        task: Mutex::new(tokio::spawn(aggregator.run())),
    });
    let parts = Parts {
        queue,
        counting,
        store,
        cache,
        broadcast,
        limiter,
        engine,
    };
    Ok((listener, parts))
}

/// Returns the number of batches that are written at the same time. SQLite writes one. A
/// server takes one per core, at most 4, which is half of the connection pool.
fn writers(store: &StoreUrl) -> usize {
    if store.is_server() {
        thread::available_parallelism().map_or(1, |cores| cores.get().min(4))
    } else {
        1
    }
}

pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, CliError> {
    connections::listen(address).map_err(|error| {
        let problem = match error.kind() {
            ErrorKind::AddrInUse => "address in use".to_owned(),
            ErrorKind::AddrNotAvailable => "this machine does not have this address".to_owned(),
            ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        CliError::failed(format!(
            "cannot listen on {address}: {problem}; choose another with --listen"
        ))
    })
}

fn app(parts: &Parts, settings: &ServeSettings, issuer: Option<JwksIdentity>) -> Router {
    let limits = &settings.limits;
    let router = VotifyRouter::new(parts.engine.clone());
    let router = match &parts.limiter {
        None => router.vote_rate(None).session_rate(None).join_rate(None),
        Some(limiter) => router
            .limiter(Arc::clone(limiter))
            .vote_rate(limits.vote_rate)
            .session_rate(limits.session_rate)
            .join_rate(limits.join_rate),
    };
    let router = limits
        .creation
        .apply_to(router, parts.limiter.is_some())
        .streams_per_address(limits.streams_per_address.map(NonZeroU32::get))
        .response_memory(settings.response_memory.total.0)
        .response_memory_per_address(settings.response_memory.per_address.0)
        .trusted_proxies(settings.trusted_proxies.iter().copied())
        .client_address_header(settings.client_address_header.clone())
        .allowed_hosts(settings.allowed_hosts.iter().cloned())
        .allowed_origins(settings.allowed_origins.iter().cloned())
        .frame_ancestors(settings.frame_ancestors.iter().cloned())
        .authorize(Permissions::everybody().create(settings.create.0))
        .default_visibility(Visibility::Public)
        .theme(settings.theme.theme.clone())
        .fallback(true);
    let router = match accounts(parts, settings) {
        Some(accounts) => router.accounts(accounts),
        None => router,
    };
    let router = match issuer {
        Some(issuer) => router.issuer(issuer),
        None => router,
    };
    let router = match &parts.counting {
        Some(counting) => router.aggregator(counting.metrics.clone()),
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

/// Returns the accounts, or `None` if they are off or the store has none.
fn accounts(parts: &Parts, settings: &ServeSettings) -> Option<Accounts> {
    if !settings.accounts {
        return None;
    }
    let Some(store) = parts.store.accounts() else {
        tracing::info!(
            "accounts are off: a redis:// store has no accounts, and calls below /api/auth answer 404"
        );
        return None;
    };
    let accounts = Accounts::new(store);
    let limits = &settings.limits;
    Some(match &parts.limiter {
        None => accounts
            .login_rate(None)
            .address_login_rate(None)
            .register_rate(None),
        Some(_) => {
            let accounts = match limits.login_rate {
                None => accounts.login_rate(None).address_login_rate(None),
                rate => accounts.login_rate(rate),
            };
            accounts.register_rate(limits.register_rate)
        }
    })
}

/// Raises the limit of open files as far as allowed, and returns the number of
/// connections that fit below it.
pub(crate) fn max_connections() -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    usize::try_from(files.saturating_sub(RESERVED_FILES).max(16)).unwrap_or(usize::MAX)
}

fn log_settings(settings: &ServeSettings) {
    tracing::info!(
        store = %settings.common.store,
        broadcast = %settings.broadcast,
        cache = %settings.cache,
        queue = %settings.queue,
        limits = %settings.limits.limiter,
        "ready"
    );
}

/// Prints the address to standard output once the server is ready.
pub(crate) fn print_address(listener: &TcpListener, wanted: SocketAddr) {
    let address = listener.local_addr().unwrap_or(wanted);
    if let Err(error) = output::print_line(&format!("listening on http://{address}")) {
        tracing::warn!(%error, "failed to print the address");
    }
}

/// Shuts down in order: requests in progress, while viewers are disconnected one after
/// the other with a reason; then votes; then counting the votes of a queue; then the
/// remaining streams and the backends.
async fn shut_down(connections: &Connections, parts: &Parts) {
    let start = Instant::now();
    tokio::join!(
        within(start + REQUEST_TIMEOUT, connections.finish_requests()),
        parts.engine.drain_viewers(DRAIN_TIMEOUT),
    );
    within(start + TOTAL_TIMEOUT, parts.engine.shutdown()).await;
    if let Some(counting) = &parts.counting {
        // Ends with the current batch, because the engine has shut down.
        let ended = async {
            let _ = (&mut *counting.task.lock().await).await;
        };
        within(start + TOTAL_TIMEOUT, ended).await;
    }
    within(start + TOTAL_TIMEOUT, parts.queue.close()).await;
    within(start + TOTAL_TIMEOUT, connections.closed()).await;
    within(start + TOTAL_TIMEOUT, parts.cache.close()).await;
    within(start + TOTAL_TIMEOUT, parts.store.close()).await;
    within(start + TOTAL_TIMEOUT, parts.broadcast.close()).await;
    match connections.open_count() {
        0 => tracing::info!("stopped"),
        cut_off => tracing::warn!(cut_off, "stopped; some connections did not end in time"),
    }
}

async fn within(deadline: Instant, work: impl Future<Output = ()>) {
    // Clients must handle a lost connection anyway.
    let _ = timeout_at(deadline, work).await;
}
