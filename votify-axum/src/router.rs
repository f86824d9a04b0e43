use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::http::{HeaderName, Method};
use axum::routing::any;
use ipnet::IpNet;
use tower_http::cors::CorsLayer;
use votify_core::{PollEngine, Quota, RateLimiter};

#[cfg(feature = "accounts")]
use crate::accounts::Accounts;
use crate::config::{Config, StreamTiming};
use crate::edge::EdgeLayer;
use crate::identity::Identity;
use crate::openapi;
use crate::origin::{Origin, PublicUrl};
use crate::problem::{Code, Problem};
use crate::readiness::ReadinessCheck;
use crate::shared::Shared;

/// All of Votify over HTTP, with everything as it is by default.
///
/// It can be served as it is, nested under a prefix, or merged with other routes; see [`VotifyRouter`] for what can be
/// set and for what is promised.
pub fn router<S>(engine: PollEngine) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    VotifyRouter::new(engine).build()
}

/// Makes a router out of an engine.
///
/// # Addresses
///
/// Callers' addresses are taken from [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo), so serve the app with
/// [`into_make_service_with_connect_info`](Router::into_make_service_with_connect_info). Without it no `ip` poll can be
/// made (422 `invalid_poll`), votes in those that exist are answered 500 `internal` with a detail that says why, and all
/// callers together have one quota of cookieless votes, of new sessions and of streams.
///
/// # Paths
///
/// Everything is below `/api`, but for `/healthz`, `/readyz` and `/metrics` ([`operations`](Self::operations)) and, with
/// feature `ui`, the web pages ([`pages`](Self::pages)). Unknown paths below `/api` are answered by this router, all others
/// are left to the host unless [`fallback`](Self::fallback) is set.
#[derive(Debug)]
pub struct VotifyRouter {
    engine: PollEngine,
    config: Config,
}

impl VotifyRouter {
    /// A router over `engine` with the defaults.
    #[must_use]
    pub fn new(engine: PollEngine) -> Self {
        Self {
            engine,
            config: Config::default(),
        }
    }

    /// How often one may try to vote: an address for callers without a session, else a session. Default 10 in 60 s;
    /// `None` is without limit.
    #[must_use]
    pub fn vote_quota(mut self, quota: Option<Quota>) -> Self {
        self.config.vote_quota = quota;
        self
    }

    /// How many sessions an address may begin. Default 1 000 in 60 s; `None` is without limit.
    #[must_use]
    pub fn session_quota(mut self, quota: Option<Quota>) -> Self {
        self.config.session_quota = quota;
        self
    }

    /// Where attempts are counted. Default within this process. When it cannot be reached nobody is limited.
    #[must_use]
    pub fn limiter(mut self, limiter: Arc<dyn RateLimiter>) -> Self {
        self.config.limiter = limiter;
        self
    }

    /// How many streams an address may hold at the same time. Default 1 000; `None` is without limit.
    #[must_use]
    pub fn streams_per_address(mut self, streams: Option<u32>) -> Self {
        self.config.streams_per_address = streams;
        self
    }

    /// The proxies whose `X-Forwarded-For` or `Forwarded` is believed. Default none.
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: impl IntoIterator<Item = IpNet>) -> Self {
        self.config.trusted_proxies = proxies.into_iter().collect();
        self
    }

    /// Where this server is seen from outside. If that is over TLS, cookies are for TLS only and their name begins
    /// with `__Host-`. Pages of this origin may write and open WebSockets.
    #[must_use]
    pub fn public_url(mut self, url: PublicUrl) -> Self {
        self.config.public_url = Some(url);
        self
    }

    /// The host's own users. Without it there are no accounts, and no `account` poll can be made.
    #[must_use]
    pub fn identity(mut self, identity: impl Identity) -> Self {
        self.config.identity = Some(Arc::new(identity));
        self
    }

    /// Accounts of Votify's own, for hosts that have no users: `/api/auth/register`, `/login`, `/logout` and `/me` are served,
    /// and who is logged in there is the caller's [`identity`](Self::identity), whatever that was set to.
    #[cfg(feature = "accounts")]
    #[must_use]
    pub fn accounts(mut self, accounts: Accounts) -> Self {
        self.config.accounts = Some(accounts);
        self
    }

    /// Foreign origins whose pages may use the API from browsers, with their visitors' cookies. Default none.
    ///
    /// Pages of another *site* get cookies only if the [`public_url`](Self::public_url) is over TLS: then they are set with
    /// `SameSite=None`. Without TLS browsers send cookies to pages of the same site only (other ports and subdomains).
    #[must_use]
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = Origin>) -> Self {
        self.config.allowed_origins = origins.into_iter().collect();
        self
    }

    /// How streams keep themselves alive. Durations of zero are taken as a millisecond.
    #[must_use]
    pub fn stream_timing(mut self, timing: StreamTiming) -> Self {
        let least = std::time::Duration::from_millis(1);
        self.config.timing = StreamTiming {
            ping: timing.ping.max(least),
            comment: timing.comment.max(least),
            write: timing.write.max(least),
        };
        self
    }

    /// Whether the web pages are served at `/` and `/p/{id}`. Default yes.
    #[cfg(feature = "ui")]
    #[must_use]
    pub fn pages(mut self, pages: bool) -> Self {
        self.config.pages = pages;
        self
    }

    /// Whether `/healthz`, `/readyz` and `/metrics` are served. Default yes.
    #[must_use]
    pub fn operations(mut self, operations: bool) -> Self {
        self.config.operations = operations;
        self
    }

    /// Adds a part to `/readyz`, which names the store, the broadcaster and, where rates are limited, the limiter by itself.
    #[must_use]
    pub fn readiness_check(mut self, check: impl ReadinessCheck) -> Self {
        self.config.checks.push(Arc::new(check));
        self
    }

    /// Whether every unknown path is answered 404 `not_found`, not only those below `/api`. Default no, because two
    /// routers with a fallback each cannot be merged.
    #[must_use]
    pub fn fallback(mut self, fallback: bool) -> Self {
        self.config.fallback = fallback;
        self
    }

    /// The router. It fits into a router with any state.
    pub fn build<S>(self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let Self { engine, config } = self;
        let mut described = openapi::api();
        #[cfg(feature = "accounts")]
        if config.accounts.is_some() {
            described = described.merge(openapi::accounts());
        }
        if config.operations {
            described = described.merge(openapi::operations());
        }
        let (mut router, mut description) = described.split_for_parts();
        openapi::security::describe(&mut description, &config);
        let description = serde_json::to_vec(&description).unwrap_or_default();
        router = router
            .route("/api", any(not_found))
            .route("/api/{*unknown}", any(not_found));
        #[cfg(feature = "docs")]
        {
            router = router.merge(crate::docs::routes());
        }
        #[cfg(feature = "ui")]
        if config.pages {
            router = router.merge(crate::ui::routes());
        }
        router = router.method_not_allowed_fallback(method_not_allowed);
        if config.fallback {
            router = router.fallback(not_found);
        }
        let cors = cors(&config.allowed_origins);
        let shared = Shared::new(engine, config, description.into());
        let router = router.layer(EdgeLayer(shared.clone()));
        let router = match cors {
            Some(cors) => router.layer(cors),
            None => router,
        };
        router.with_state(shared)
    }
}

async fn not_found() -> Problem {
    Code::NotFound.into()
}

async fn method_not_allowed() -> Problem {
    Code::MethodNotAllowed.into()
}

fn cors(origins: &[Origin]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(
            origins
                .iter()
                .filter_map(Origin::to_header)
                .collect::<Vec<_>>(),
        )
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit-limit"),
            HeaderName::from_static("ratelimit-remaining"),
            HeaderName::from_static("ratelimit-reset"),
        ]);
    Some(layer)
}
