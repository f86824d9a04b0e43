use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, Uri};
use ipnet::IpNet;
use votify_core::engine::AggregatorMetrics;
use votify_core::{Rate, RateLimiter, Visibility};

#[cfg(feature = "accounts")]
use crate::accounts::Accounts;
use crate::authorize::{Authorize, Permissions};
use crate::extract::address::ClientAddressHeader;
use crate::extract::cookie::CookieSettings;
use crate::identity::Identity;
#[cfg(feature = "jwks")]
use crate::identity::JwksIdentity;
use crate::middleware::cors;
use crate::middleware::host::AllowedHost;
use crate::middleware::origin::Origin;
use crate::middleware::public_url::PublicUrl;
use crate::rate_limit::creation::CreationLimits;
use crate::readiness::ReadinessCheck;
use crate::router::RouteGroup;
use crate::setup_hints::SetupHints;
#[cfg(feature = "ui")]
use crate::ui::Theme;

/// The settings of a [`VotifyRouter`](crate::VotifyRouter).
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) vote_rate: Option<Rate>,
    pub(crate) session_rate: Option<Rate>,
    /// The rate of wrong join codes per address.
    pub(crate) join_rate: Option<Rate>,
    pub(crate) creation: CreationLimits,
    /// `None` counts in this process.
    pub(crate) limiter: Option<Arc<dyn RateLimiter>>,
    pub(crate) streams_per_address: Option<u32>,
    /// In bytes.
    pub(crate) response_memory: Option<usize>,
    /// In bytes.
    pub(crate) response_memory_per_address: Option<usize>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) client_address_header: ClientAddressHeader,
    pub(crate) public_url: Option<PublicUrl>,
    /// `None` if the host of requests is not checked, unless there is a public URL.
    pub(crate) allowed_hosts: Option<Vec<AllowedHost>>,
    pub(crate) identity: Option<Arc<dyn Identity>>,
    /// `None` if tokens of outside issuers are not accepted beside own users.
    #[cfg(feature = "jwks")]
    pub(crate) issuer: Option<Arc<JwksIdentity>>,
    pub(crate) authorize: Arc<dyn Authorize>,
    pub(crate) default_visibility: Visibility,
    /// True if everybody sees `external_ref` and `metadata`.
    pub(crate) shows_host_fields: bool,
    #[cfg(feature = "accounts")]
    pub(crate) accounts: Option<Accounts>,
    pub(crate) allowed_origins: Vec<Origin>,
    /// The origins whose pages may frame the web pages.
    pub(crate) frame_ancestors: Vec<Origin>,
    /// `None` is the default theme.
    #[cfg(feature = "ui")]
    pub(crate) theme: Option<Arc<Theme>>,
    pub(crate) timing: StreamTiming,
    pub(crate) checks: Vec<Arc<dyn ReadinessCheck>>,
    /// `None` if this process counts no ballots of a queue.
    pub(crate) aggregator: Option<AggregatorMetrics>,
    pub(crate) left_out: Vec<RouteGroup>,
    pub(crate) hints: Arc<SetupHints>,
    pub(crate) fallback: bool,
}

impl Config {
    /// Returns the attributes of cookies for this server's own pages, which may be framed by
    /// pages of other sites.
    pub(crate) fn cookies(&self) -> CookieSettings {
        let url = self.public_url.as_ref();
        CookieSettings {
            secure: url.is_some_and(|url| url.origin().is_secure()),
            cross_site: !self.frame_ancestors.is_empty(),
            below_path: self.cookie_path() != "/",
        }
    }

    /// Returns the attributes of the cookies that the response to a request sets: pages of
    /// allowed origins may be of another site.
    pub(crate) fn cookies_for(&self, headers: &HeaderMap) -> CookieSettings {
        let mut cookies = self.cookies();
        cookies.cross_site |= cors::allowed_origin(headers, self).is_some();
        cookies
    }

    /// Returns the attributes of all cookies that one browser may keep side by side: those
    /// that Votify's own pages set, and those that pages of allowed origins set. A browser
    /// sends both if the pages are of the same site.
    #[cfg(feature = "accounts")]
    pub(crate) fn all_cookies(&self) -> Vec<CookieSettings> {
        let own = self.cookies();
        let mut all = vec![own];
        if !self.allowed_origins.is_empty() {
            let cross_site = true;
            all.push(CookieSettings { cross_site, ..own });
        }
        all.dedup();
        all
    }

    /// Returns the path below which browsers send cookies: that of the public URL.
    pub(crate) fn cookie_path(&self) -> &str {
        let path = self.public_url.as_ref().map(PublicUrl::path);
        path.filter(|path| !path.is_empty()).unwrap_or("/")
    }

    /// Returns the origin of the public URL and the allowed ones.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &Origin> {
        let public = self.public_url.as_ref().map(PublicUrl::origin);
        self.allowed_origins.iter().chain(public)
    }

    /// Returns true if the routes of this group are served.
    pub(crate) fn serves(&self, group: RouteGroup) -> bool {
        !self.left_out.contains(&group)
    }

    pub(crate) fn allowed_hosts(&self) -> &[AllowedHost] {
        self.allowed_hosts.as_deref().unwrap_or_default()
    }

    /// Returns true if the names of this server are unknown, so that none is checked.
    pub(crate) const fn allows_every_host(&self) -> bool {
        self.public_url.is_none() && self.allowed_hosts.is_none()
    }

    /// Returns the path under which browsers reach this router, without a trailing slash.
    ///
    /// A path in the public URL takes precedence. Otherwise the result is `requested`
    /// without its suffix `own_path`, the path of the matched route. Trailing slashes make no
    /// difference.
    pub(crate) fn base_path<'a>(&'a self, requested: &'a Uri, own_path: &str) -> &'a str {
        match &self.public_url {
            Some(url) if !url.path().is_empty() => url.path(),
            _ => {
                let path = without_slash(requested.path());
                let base = path.strip_suffix(without_slash(own_path));
                base.unwrap_or(path).trim_end_matches('/')
            }
        }
    }
}

impl Config {
    /// Returns the URL of a poll's page without the id, for a request to a route of the
    /// API: absolute with a public URL, otherwise a path. `None` if no pages are served.
    pub(crate) fn page_prefix(&self, requested: &Uri) -> Option<String> {
        #[cfg(feature = "ui")]
        if self.serves(RouteGroup::Pages) {
            // Behind the last `/api/` are only names of routes and an id.
            let path = requested.path();
            let own_path = path.rfind("/api/").map_or("", |start| &path[start..]);
            let base_path = self.base_path(requested, own_path);
            let origin = self.public_url.as_ref().map(PublicUrl::origin);
            let origin = origin.map(Origin::to_string).unwrap_or_default();
            return Some(format!("{origin}{base_path}/p/"));
        }
        let _ = requested;
        None
    }
}

/// Returns a path without a trailing slash. The path `/` becomes empty.
pub(crate) fn without_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            vote_rate: Some(Rate::per_minute(10)),
            session_rate: Some(Rate::per_minute(1_000)),
            // In range, so never `None`.
            join_rate: Rate::new(100, Duration::from_secs(600)).ok(),
            creation: CreationLimits::default(),
            limiter: None,
            streams_per_address: Some(1_000),
            response_memory: Some(64 << 20),
            response_memory_per_address: Some(8 << 20),
            trusted_proxies: Vec::new(),
            client_address_header: ClientAddressHeader::default(),
            public_url: None,
            allowed_hosts: None,
            identity: None,
            #[cfg(feature = "jwks")]
            issuer: None,
            authorize: Arc::new(Permissions::default()),
            default_visibility: Visibility::Unlisted,
            shows_host_fields: false,
            #[cfg(feature = "accounts")]
            accounts: None,
            allowed_origins: Vec::new(),
            frame_ancestors: Vec::new(),
            #[cfg(feature = "ui")]
            theme: None,
            timing: StreamTiming::default(),
            checks: Vec::new(),
            aggregator: None,
            left_out: Vec::new(),
            hints: Arc::default(),
            fallback: false,
        }
    }
}

/// The timers of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamTiming {
    /// The time between two pings of a WebSocket. Defaults to 25 s.
    ///
    /// A WebSocket is dropped at the ping after two unanswered ones: with the default, after
    /// 50 to 75 s without a message from the client.
    pub ping_interval: Duration,
    /// The time between two comment lines of an event stream. Defaults to 15 s.
    pub comment_interval: Duration,
    /// The time between two `heartbeat` messages on streams with `heartbeat=1`. Defaults to
    /// 20 s. Clients are documented to take two missed ones as a dead connection.
    pub heartbeat_interval: Duration,
    /// Maximum time for a client of a WebSocket to accept a message, or 8 KiB of a larger
    /// one; a slower client is dropped. Defaults to 10 s.
    pub write_timeout: Duration,
}

impl StreamTiming {
    /// Raises every duration to at least 1 ms: timers panic on zero.
    pub(crate) fn normalized(self) -> Self {
        let min = Duration::from_millis(1);
        Self {
            ping_interval: self.ping_interval.max(min),
            comment_interval: self.comment_interval.max(min),
            heartbeat_interval: self.heartbeat_interval.max(min),
            write_timeout: self.write_timeout.max(min),
        }
    }
}

impl Default for StreamTiming {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            comment_interval: Duration::from_secs(15),
            heartbeat_interval: Duration::from_secs(20),
            write_timeout: Duration::from_secs(10),
        }
    }
}
