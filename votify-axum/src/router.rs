mod build;
mod limits;
mod network;
mod options;
mod polls;
mod quotas;
mod route_group;
mod routes;
mod trailing_slash;
mod users;

pub use route_group::RouteGroup;
pub(crate) use trailing_slash::RouteWithSlash;

use axum::Router;
use votify_core::PollEngine;

use crate::config::Config;

/// Returns a router for `engine` with all defaults: nobody creates or lists polls over
/// HTTP ([`authorize`](VotifyRouter::authorize)).
///
/// The router can be served alone, nested under a prefix or merged with other routes.
/// [`VotifyRouter`] lists the settings and the defaults.
///
/// ```
/// use axum::Router;
/// use votify_core::{MemoryStore, PollEngine};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let engine = PollEngine::new(MemoryStore::new());
/// let app: Router = Router::new().nest("/polls", votify_axum::router(engine));
/// # let _ = app;
/// # }
/// ```
pub fn router<S>(engine: PollEngine) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    VotifyRouter::new(engine).build()
}

/// A builder for the router of an engine.
///
/// ```
/// use votify_axum::{RouteGroup, VotifyRouter};
/// use votify_core::{MemoryStore, PollEngine, Rate};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let engine = PollEngine::new(MemoryStore::new());
/// let app: axum::Router = VotifyRouter::new(engine)
///     .vote_rate(Rate::per_minute(30))
///     .without([RouteGroup::Operations])
///     .build();
/// # let _ = app;
/// # }
/// ```
///
/// # Addresses
///
/// Callers' addresses come from [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo).
/// Serve the app with
/// [`into_make_service_with_connect_info`](Router::into_make_service_with_connect_info).
/// Without it:
///
/// - `ip` polls cannot be created (422 `invalid_poll`).
/// - Votes in existing `ip` polls are answered 500 `internal`, with the reason as detail.
/// - All callers share one limit of votes without a session, of new sessions, of streams,
///   and of [new polls and invites](Self::poll_rate).
///
/// # Paths
///
/// All paths are below `/api`, except `/healthz`, `/readyz` and `/metrics` and, with
/// feature `ui`, the web pages. [`RouteGroup`] lists them; a host can leave groups out
/// ([`without`](Self::without)). The router answers unknown paths below `/api` with 404.
/// It leaves other unknown paths to the host, unless [`fallback`](Self::fallback) is set.
///
/// A trailing slash makes no difference. One path depends on the host: a router nested at
/// `/votes` with [`Router::nest`] has its start page at `/votes`, and never sees requests
/// to `/votes/`. [`Router::nest_service`] passes both.
#[derive(Debug)]
pub struct VotifyRouter {
    engine: PollEngine,
    config: Config,
}

impl VotifyRouter {
    /// Creates a builder with all defaults.
    #[must_use]
    pub fn new(engine: PollEngine) -> Self {
        Self {
            engine,
            config: Config::default(),
        }
    }
}
