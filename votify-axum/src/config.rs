use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use votify_core::{MemoryRateLimiter, Quota, RateLimiter};

#[cfg(feature = "accounts")]
use crate::accounts::Accounts;
use crate::identity::Identity;
use crate::origin::{Origin, PublicUrl};
use crate::readiness::ReadinessCheck;
use crate::session::Cookies;

/// What can be set on a [`VotifyRouter`](crate::VotifyRouter).
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) vote_quota: Option<Quota>,
    pub(crate) session_quota: Option<Quota>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) streams_per_address: Option<u32>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) identity: Option<Arc<dyn Identity>>,
    #[cfg(feature = "accounts")]
    pub(crate) accounts: Option<Accounts>,
    pub(crate) allowed_origins: Vec<Origin>,
    pub(crate) timing: StreamTiming,
    pub(crate) checks: Vec<Arc<dyn ReadinessCheck>>,
    #[cfg(feature = "ui")]
    pub(crate) pages: bool,
    pub(crate) operations: bool,
    pub(crate) fallback: bool,
}

impl Config {
    /// Which cookies are set and read.
    pub(crate) fn cookies(&self) -> Cookies {
        let url = self.public_url.as_ref();
        Cookies {
            secure: url.is_some_and(|url| url.origin().is_secure()),
            cross_site: !self.allowed_origins.is_empty(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            vote_quota: Some(Quota::per_minute(10)),
            session_quota: Some(Quota::per_minute(1_000)),
            limiter: Arc::new(MemoryRateLimiter::new()),
            streams_per_address: Some(1_000),
            trusted_proxies: Vec::new(),
            public_url: None,
            identity: None,
            #[cfg(feature = "accounts")]
            accounts: None,
            allowed_origins: Vec::new(),
            timing: StreamTiming::default(),
            checks: Vec::new(),
            #[cfg(feature = "ui")]
            pages: true,
            operations: true,
            fallback: false,
        }
    }
}

/// How streams keep themselves alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamTiming {
    /// How often a WebSocket is pinged; one that is silent for twice as long is dropped. Default 25 s.
    pub ping: Duration,
    /// How often an event stream gets a comment line. Default 15 s.
    pub comment: Duration,
    /// How long a WebSocket may take to accept a message before it is dropped. Default 10 s.
    pub write: Duration,
}

impl Default for StreamTiming {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(25),
            comment: Duration::from_secs(15),
            write: Duration::from_secs(10),
        }
    }
}
