use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use votify_core::{MemoryRateLimiter, PollEngine};

#[cfg(feature = "accounts")]
use crate::accounts::AuthService;
use crate::claims::SessionClaims;
use crate::config::Config;
#[cfg(feature = "accounts")]
use crate::error::{ErrorCode, Problem};
use crate::extract::large_bodies::LargeBodies;
use crate::extract::session::SessionCookies;
#[cfg(feature = "jwks")]
use crate::identity::IssuerTokens;
use crate::keep_alive::KeepAlive;
use crate::middleware::unread_body::UnreadBodies;
use crate::rate_limit::{RequestLimiter, StreamLimiter};
use crate::response_memory::ResponseMemory;
#[cfg(feature = "ui")]
use crate::ui::{CardCache, SentInvites, SentPolls};

/// The state that all handlers share.
#[derive(Clone)]
pub(crate) struct AppState(Arc<AppStateInner>);

/// The documents about the API, as JSON.
#[derive(Debug)]
pub(crate) struct Documents {
    /// Contains a placeholder for the URL of the server.
    pub(crate) openapi: String,
    /// The document for the URL that was requested first, and that URL.
    pub(crate) rendered_openapi: OnceLock<(String, Bytes)>,
    pub(crate) asyncapi: Bytes,
}

pub(crate) struct AppStateInner {
    pub(crate) engine: PollEngine,
    pub(crate) config: Config,
    pub(crate) session_cookies: SessionCookies,
    pub(crate) limiter: RequestLimiter,
    pub(crate) claims: SessionClaims,
    pub(crate) streams: Arc<StreamLimiter>,
    pub(crate) large_bodies: LargeBodies,
    pub(crate) response_memory: Arc<ResponseMemory>,
    /// Times the pings of WebSockets.
    pub(crate) pings: KeepAlive,
    /// Times the comment lines of event streams.
    pub(crate) comments: KeepAlive,
    /// Times the heartbeats of streams whose clients ask for them.
    pub(crate) heartbeats: KeepAlive,
    pub(crate) unread_bodies: UnreadBodies,
    pub(crate) documents: Documents,
    #[cfg(feature = "ui")]
    pub(crate) cards: CardCache,
    #[cfg(feature = "ui")]
    pub(crate) sent_polls: SentPolls,
    #[cfg(feature = "ui")]
    pub(crate) sent_invites: SentInvites,
    /// `None` if [`VotifyRouter::accounts`](crate::VotifyRouter::accounts) was not
    /// called.
    #[cfg(feature = "accounts")]
    pub(crate) auth: Option<Arc<AuthService>>,
}

impl AppState {
    pub(crate) fn new(engine: PollEngine, mut config: Config, documents: Documents) -> Self {
        #[cfg(feature = "accounts")]
        let auth = config.accounts.take().map(|accounts| {
            let auth = Arc::new(AuthService::new(
                engine.clone(),
                &accounts,
                config.cookies(),
                config.cookie_path(),
            ));
            config.identity = Some(Arc::clone(&auth) as _);
            auth
        });
        #[cfg(feature = "jwks")]
        if let Some(issuer) = config.issuer.take() {
            let own = config.identity.take();
            config.identity = Some(Arc::new(IssuerTokens { issuer, own }));
        }
        #[cfg(not(any(feature = "accounts", feature = "jwks")))]
        let _ = &mut config;
        let limiter = config.limiter.clone().unwrap_or_else(|| {
            Arc::new(MemoryRateLimiter::new().with_clock(Arc::clone(engine.clock())))
        });
        Self(Arc::new(AppStateInner {
            session_cookies: SessionCookies::new(config.cookies(), config.cookie_path()),
            limiter: RequestLimiter::new(limiter, Arc::clone(engine.clock())),
            engine,
            claims: SessionClaims::new(),
            streams: Arc::new(StreamLimiter::new(config.streams_per_address)),
            large_bodies: LargeBodies::default(),
            response_memory: Arc::new(ResponseMemory::new(
                config.response_memory,
                config.response_memory_per_address,
            )),
            pings: KeepAlive::new(config.timing.ping_interval),
            comments: KeepAlive::new(config.timing.comment_interval),
            heartbeats: KeepAlive::new(config.timing.heartbeat_interval),
            unread_bodies: UnreadBodies::default(),
            config,
            documents,
            #[cfg(feature = "ui")]
            cards: CardCache::default(),
            #[cfg(feature = "ui")]
            sent_polls: SentPolls::new(),
            #[cfg(feature = "ui")]
            sent_invites: SentInvites::new(),
            #[cfg(feature = "accounts")]
            auth,
        }))
    }

    /// Returns true if there are accounts of Votify's own.
    pub(crate) fn has_accounts(&self) -> bool {
        #[cfg(feature = "accounts")]
        return self.auth.is_some();
        #[cfg(not(feature = "accounts"))]
        false
    }

    /// Returns the service for accounts.
    ///
    /// # Errors
    /// - `not_found`: there are no accounts. Their routes are not mounted then.
    #[cfg(feature = "accounts")]
    pub(crate) fn auth(&self) -> Result<&AuthService, Problem> {
        self.auth
            .as_deref()
            .ok_or_else(|| ErrorCode::NotFound.into())
    }
}

impl Deref for AppState {
    type Target = AppStateInner;

    fn deref(&self) -> &AppStateInner {
        &self.0
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}
