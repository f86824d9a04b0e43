use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::http::{HeaderName, Method};
use axum::routing::any;
use ipnet::IpNet;
use tower_http::cors::CorsLayer;
use votify_core::{PollEngine, Rate, RateLimiter};

#[cfg(feature = "accounts")]
use crate::accounts::Accounts;
use crate::config::{Config, StreamTiming};
use crate::error::{ErrorCode, Problem};
use crate::identity::Identity;
use crate::middleware::guard::GuardLayer;
use crate::middleware::origin::{Origin, PublicUrl};
use crate::openapi;
use crate::readiness::ReadinessCheck;
use crate::state::AppState;

/// Returns a router for `engine` with all defaults.
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
/// use votify_axum::VotifyRouter;
/// use votify_core::{MemoryStore, PollEngine, Rate};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let engine = PollEngine::new(MemoryStore::new());
/// let app: axum::Router = VotifyRouter::new(engine)
///     .vote_rate(Rate::per_minute(30))
///     .operations(false)
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
/// - All callers share one limit of votes without a session, of new sessions and of
///   streams.
///
/// # Paths
///
/// All paths are below `/api`, except `/healthz`, `/readyz` and `/metrics`
/// ([`operations`](Self::operations)) and, with feature `ui`, the web pages
/// ([`pages`](Self::pages)). The router answers unknown paths below `/api` with 404. It
/// leaves other unknown paths to the host, unless [`fallback`](Self::fallback) is set.
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

    /// Limits attempts to vote: per session, or per address for callers without one.
    /// `None` is no limit. Defaults to 10 in 60 s.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_core::Rate;
    ///
    /// let router = router.vote_rate(Rate::per_minute(30));
    /// let unlimited = router.vote_rate(None);
    /// # let _ = unlimited;
    /// # }
    /// ```
    #[must_use]
    pub fn vote_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.config.vote_rate = rate.into();
        self
    }

    /// Limits new sessions per address. `None` is no limit. Defaults to 1 000 in 60 s.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_core::Rate;
    ///
    /// let router = router.session_rate(Rate::per_minute(100));
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn session_rate(mut self, rate: impl Into<Option<Rate>>) -> Self {
        self.config.session_rate = rate.into();
        self
    }

    /// Sets the backend that counts attempts. Defaults to a
    /// [`MemoryRateLimiter`](votify_core::MemoryRateLimiter), which counts in this
    /// process.
    ///
    /// While the limiter is unavailable, requests are not limited.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_core::MemoryRateLimiter;
    ///
    /// let router = router.limiter(MemoryRateLimiter::new());
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn limiter(mut self, limiter: impl RateLimiter) -> Self {
        self.config.limiter = Arc::new(limiter);
        self
    }

    /// Limits the streams that one address holds at the same time. `None` is no limit.
    /// Defaults to 1 000.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let router = router.streams_per_address(200);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn streams_per_address(mut self, max: impl Into<Option<u32>>) -> Self {
        self.config.streams_per_address = max.into();
        self
    }

    /// Sets the proxies whose `X-Forwarded-For` or `Forwarded` header is trusted.
    /// Defaults to none.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), Box<dyn std::error::Error>> {
    /// let router = router.trusted_proxies(["10.0.0.0/8".parse()?, "::1/128".parse()?]);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: impl IntoIterator<Item = IpNet>) -> Self {
        self.config.trusted_proxies = proxies.into_iter().collect();
        self
    }

    /// Sets the URL under which browsers reach this server. Defaults to none.
    ///
    /// Pages of this origin may write and open WebSockets. With `https`, cookies are
    /// `Secure` and their names start with `__Host-`. A path in the URL is the prefix of
    /// all links.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), votify_axum::InvalidOrigin> {
    /// let router = router.public_url("https://example.org/polls".parse()?);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn public_url(mut self, url: PublicUrl) -> Self {
        self.config.public_url = Some(url);
        self
    }

    /// Sets the source of users. Defaults to none: then no `account` poll can be created.
    ///
    /// [`Identity`] shows an implementation.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use async_trait::async_trait;
    /// use axum::http::request::Parts;
    /// use votify_axum::{Identity, IdentityError};
    /// use votify_core::voter::AccountId;
    ///
    /// #[derive(Debug)]
    /// struct Nobody;
    ///
    /// #[async_trait]
    /// impl Identity for Nobody {
    ///     async fn account(&self, _: &Parts) -> Result<Option<AccountId>, IdentityError> {
    ///         Ok(None)
    ///     }
    /// }
    ///
    /// let router = router.identity(Nobody);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn identity(mut self, identity: impl Identity) -> Self {
        self.config.identity = Some(Arc::new(identity));
        self
    }

    /// Adds accounts of Votify's own, for hosts without users: `/api/auth/register`,
    /// `/login`, `/logout` and `/me`. Defaults to none.
    ///
    /// These accounts replace any [`identity`](Self::identity).
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use votify_axum::Accounts;
    /// use votify_core::MemoryAccountStore;
    ///
    /// let router = router.accounts(Accounts::new(MemoryAccountStore::new()));
    /// # let _ = router;
    /// # }
    /// ```
    #[cfg(feature = "accounts")]
    #[must_use]
    pub fn accounts(mut self, accounts: Accounts) -> Self {
        self.config.accounts = Some(accounts);
        self
    }

    /// Sets the other origins whose pages may call the API from browsers, with cookies.
    /// Defaults to none.
    ///
    /// Pages of another *site* get cookies only if the [`public_url`](Self::public_url)
    /// is `https`: cookies are then `SameSite=None`. Over plain HTTP, browsers send
    /// cookies only to pages of the same site (other ports and subdomains).
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) -> Result<(), votify_axum::InvalidOrigin> {
    /// let router = router
    ///     .public_url("https://votes.example.org".parse()?)
    ///     .allowed_origins(["https://www.example.org".parse()?]);
    /// # let _ = router;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = Origin>) -> Self {
        self.config.allowed_origins = origins.into_iter().collect();
        self
    }

    /// Sets the timers of streams. Durations below 1 ms are raised to 1 ms.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use std::time::Duration;
    /// use votify_axum::StreamTiming;
    ///
    /// let router = router.stream_timing(StreamTiming {
    ///     ping_interval: Duration::from_secs(10),
    ///     ..StreamTiming::default()
    /// });
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn stream_timing(mut self, timing: StreamTiming) -> Self {
        self.config.timing = timing.normalized();
        self
    }

    /// Serves the web pages at `/` and `/p/{id}`. Defaults to true.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let api_only = router.pages(false);
    /// # let _ = api_only;
    /// # }
    /// ```
    #[cfg(feature = "ui")]
    #[must_use]
    pub fn pages(mut self, pages: bool) -> Self {
        self.config.pages = pages;
        self
    }

    /// Serves `/healthz`, `/readyz` and `/metrics`. Defaults to true.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let router = router.operations(false);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn operations(mut self, operations: bool) -> Self {
        self.config.operations = operations;
        self
    }

    /// Adds a component to `/readyz`.
    ///
    /// The store and the broadcaster are always listed, and the limiter if a rate is
    /// limited.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// use async_trait::async_trait;
    /// use votify_axum::ReadinessCheck;
    ///
    /// #[derive(Debug)]
    /// struct MailCheck;
    ///
    /// #[async_trait]
    /// impl ReadinessCheck for MailCheck {
    ///     fn component(&self) -> &'static str {
    ///         "mail"
    ///     }
    ///
    ///     fn backend(&self) -> &'static str {
    ///         "smtp"
    ///     }
    ///
    ///     async fn is_ready(&self) -> bool {
    ///         true
    ///     }
    /// }
    ///
    /// let router = router.readiness_check(MailCheck);
    /// # let _ = router;
    /// # }
    /// ```
    #[must_use]
    pub fn readiness_check(mut self, check: impl ReadinessCheck) -> Self {
        self.config.checks.push(Arc::new(check));
        self
    }

    /// Answers every unknown path with 404 `not_found`, not only those below `/api`.
    /// Defaults to false, because two routers that both have a fallback cannot be merged.
    ///
    /// ```
    /// # use votify_axum::VotifyRouter;
    /// # fn configure(router: VotifyRouter) {
    /// let alone: axum::Router = router.fallback(true).build();
    /// # let _ = alone;
    /// # }
    /// ```
    #[must_use]
    pub fn fallback(mut self, fallback: bool) -> Self {
        self.config.fallback = fallback;
        self
    }

    /// Builds the router. It fits into a router with any state.
    pub fn build<S>(self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let Self { engine, config } = self;
        let mut routes = openapi::api();
        #[cfg(feature = "accounts")]
        if config.accounts.is_some() {
            routes = routes.merge(openapi::accounts());
        }
        if config.operations {
            routes = routes.merge(openapi::operations());
        }
        let (mut router, mut document) = routes.split_for_parts();
        openapi::security::describe(&mut document, &config);
        let document = serde_json::to_vec(&document).unwrap_or_default();
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
        let state = AppState::new(engine, config, document.into());
        let router = router.layer(GuardLayer(state.clone()));
        let router = match cors {
            Some(cors) => router.layer(cors),
            None => router,
        };
        router.with_state(state)
    }
}

async fn not_found() -> Problem {
    ErrorCode::NotFound.into()
}

async fn method_not_allowed() -> Problem {
    ErrorCode::MethodNotAllowed.into()
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
