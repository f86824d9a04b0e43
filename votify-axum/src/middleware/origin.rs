//! The origins whose web pages may write and open WebSockets.

use std::fmt;
use std::str::FromStr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri, header};

use crate::config::Config;
use crate::error::{ErrorCode, Problem};
use crate::middleware::host::{Host, without_root};
use crate::middleware::public_url::PublicUrl;

/// The origin of a web page: scheme, host and port. Compared exactly.
///
/// ```
/// use votify_axum::Origin;
///
/// let origin: Origin = "https://polls.example.org".parse()?;
/// assert_eq!(origin, "https://POLLS.example.org:443".parse()?);
/// assert!("polls.example.org".parse::<Origin>().is_err());
/// # Ok::<(), votify_axum::InvalidOrigin>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

/// The text is not an origin such as `https://example.org` or
/// `http://example.org:8080`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an origin such as https://example.org or http://example.org:8080")]
pub struct InvalidOrigin;

impl Origin {
    /// Returns true for `https`.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns true if both have the same host, with or without the dot of the DNS root.
    fn has_name_of(&self, other: &Self) -> bool {
        without_root(&self.host) == without_root(&other.host)
    }

    const fn default_port(secure: bool) -> u16 {
        if secure { 443 } else { 80 }
    }

    /// Returns true if a browser sends this origin for a page of `host`, the `Host`
    /// header.
    ///
    /// That header has no scheme. A host without a port matches the default port of both
    /// schemes.
    fn matches_host(&self, host: &Host<'_>) -> bool {
        let default_port = || Self::default_port(self.secure);
        self.port == host.port().unwrap_or_else(default_port)
            && self.host.eq_ignore_ascii_case(host.name())
    }

    /// Returns the origin as browsers send it.
    pub(crate) fn to_header(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == Self::default_port(self.secure) {
            return Ok(());
        }
        write!(f, ":{}", self.port)
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidOrigin)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(InvalidOrigin),
        };
        let authority = plain_authority(rest).ok_or(InvalidOrigin)?;
        Ok(Self {
            secure,
            host: authority.host().to_ascii_lowercase(),
            port: authority
                .port_u16()
                .unwrap_or_else(|| Self::default_port(secure)),
        })
    }
}

/// Parses a host with an optional port and nothing else.
fn plain_authority(text: &str) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    let after_host = authority.as_str().strip_prefix(authority.host())?;
    let plain =
        after_host.is_empty() || (after_host.starts_with(':') && authority.port_u16() > Some(0));
    // No other characters: the host may become a part of a content security policy, and
    // browsers send no pattern such as *.example.org.
    let is_host = Host::parse(authority.host()).is_some();
    (plain && is_host && !authority.host().is_empty()).then_some(authority)
}

/// Maximum characters of an origin that a refusal repeats.
const MAX_SHOWN: usize = 100;

/// Checks that a request with an `Origin` header comes from an allowed page. Requests
/// without the header pass: browsers always send it with writes and WebSockets.
///
/// # Errors
/// - `origin_not_allowed`: the page has another origin; the handler answers 403.
pub(crate) fn check_origin(headers: &HeaderMap, uri: &Uri, config: &Config) -> Result<(), Problem> {
    let mut lines = headers.get_all(header::ORIGIN).iter();
    let Some(first) = lines.next() else {
        return Ok(());
    };
    let origin = first
        .to_str()
        .ok()
        .filter(|_| lines.next().is_none())
        .and_then(|text| text.parse::<Origin>().ok());
    let allowed = origin.as_ref().is_some_and(|origin| {
        let public = config.public_url.as_ref().map(PublicUrl::origin);
        config.origins().any(|known| known == origin)
            || Host::of_request(headers, uri).is_some_and(|host| {
                // The scheme of the public host is known, and must match.
                origin.matches_host(&host)
                    && public.is_none_or(|public| !public.has_name_of(origin))
            })
    });
    if allowed {
        Ok(())
    } else {
        if let Some(origin) = &origin {
            check_near_miss(origin, headers, uri, config);
        }
        Err(Problem::new(ErrorCode::OriginNotAllowed).with_detail(refusal(headers, uri, config)))
    }
}

/// Warns if a refused origin differs from this server's only by port or scheme.
fn check_near_miss(origin: &Origin, headers: &HeaderMap, uri: &Uri, config: &Config) {
    let public = config.public_url.as_ref().map(PublicUrl::origin);
    if let Some(public) = public.filter(|public| public.has_name_of(origin)) {
        config.hints.own_origin_refused(origin, &public.to_string());
        return;
    }
    let host = Host::of_request(headers, uri);
    if let Some(host) = host.filter(|host| host.has_name(origin.host())) {
        config.hints.own_origin_refused(origin, &host.to_string());
    }
}

/// Returns which origin came, which was expected, and what to do.
fn refusal(headers: &HeaderMap, uri: &Uri, config: &Config) -> String {
    let mut lines = headers.get_all(header::ORIGIN).iter();
    let came = match (lines.next(), lines.next()) {
        (Some(origin), None) => {
            let text = String::from_utf8_lossy(origin.as_bytes());
            let text: String = text.chars().take(MAX_SHOWN).collect();
            format!("the request comes from a page of {text:?}")
        }
        _ => "the request has several Origin headers".to_owned(),
    };
    let expected = match (&config.public_url, Host::of_request(headers, uri)) {
        (Some(url), _) => url.origin().to_string(),
        (None, Some(host)) => format!("http://{host} or https://{host}"),
        (None, None) => "this server's own origin".to_owned(),
    };
    format!(
        "{came}, and {expected} is expected; to allow other pages, the operator of this server \
         adds their origin to the allowed origins (--allowed-origins)"
    )
}
