//! The host that a request names: exactly one, and a name of this server.
//!
//! A page of another host can let its own name point to this server (DNS rebinding). For a
//! browser, the page and this server then have the same origin. Such requests differ from
//! others only in their `Host` header.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use axum::http::{HeaderMap, Request, Uri, Version, header};

use crate::config::{Config, without_slash};
use crate::dto::fields::NAME_MAX;
use crate::error::{ErrorCode, Problem};

/// Paths that answer for every host: monitoring may call them by any name, and pages
/// cannot gain anything from them.
const MONITORING: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// A name under which this server answers, or `*` for every name. With a port, only
/// requests to that port match.
///
/// ```
/// use votify_axum::AllowedHost;
///
/// let host: AllowedHost = "Polls.example.org".parse()?;
/// assert_eq!(host.to_string(), "polls.example.org");
/// assert!("https://polls.example.org".parse::<AllowedHost>().is_err());
/// # Ok::<(), votify_axum::InvalidHost>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost(Pattern);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Any,
    Host { name: String, port: Option<u16> },
}

/// The text is not a host such as `polls.example.org` or `polls.example.org:8080`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a host such as polls.example.org or polls.example.org:8080, or * for every host; \
     write international names as xn--…"
)]
pub struct InvalidHost;

impl AllowedHost {
    fn matches(&self, host: &Host<'_>) -> bool {
        match &self.0 {
            Pattern::Any => true,
            Pattern::Host { name, port } => host.has_name(name) && host.may_have_port(*port),
        }
    }
}

impl FromStr for AllowedHost {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        if text == "*" {
            return Ok(Self(Pattern::Any));
        }
        let host = Host::parse(text).filter(|host| !host.name.is_empty());
        let Host { name, port, .. } = host.ok_or(InvalidHost)?;
        Ok(Self(Pattern::Host {
            name: without_root(name).to_ascii_lowercase(),
            port,
        }))
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Pattern::Any => f.write_str("*"),
            Pattern::Host { name, port: None } => f.write_str(name),
            Pattern::Host {
                name,
                port: Some(port),
            } => write!(f, "{name}:{port}"),
        }
    }
}

/// A host with an optional port, as in a `Host` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Host<'a> {
    /// As written, without the port. An IPv6 address is in brackets.
    name: &'a str,
    address: Option<IpAddr>,
    port: Option<u16>,
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl<'a> Host<'a> {
    /// Parses a host. The empty text is the host of a URL that has none.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let end = match text.strip_prefix('[') {
            Some(rest) => rest.find(']')? + 2,
            None => text.find(':').unwrap_or(text.len()),
        };
        let (name, port) = text.split_at(end);
        let port = match port.strip_prefix(':') {
            // As in a URL, a colon without a port is allowed.
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().ok()?)
            }
            Some(_) => return None,
            None if port.is_empty() => None,
            None => return None,
        };
        let address: Option<IpAddr> = match name.strip_prefix('[') {
            Some(rest) => {
                let address: Ipv6Addr = rest.strip_suffix(']')?.parse().ok()?;
                Some(address.into())
            }
            None => name.parse().ok(),
        };
        let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let valid = address.is_some() || name.bytes().all(is_name_byte);
        let nothing = name.is_empty() && !text.is_empty();
        (valid && !nothing).then_some(Self {
            name,
            address,
            port,
        })
    }

    /// Returns the host that the client called: that of the target if it is a whole URL
    /// (RFC 9112, 3.2.2), else that of the header.
    pub(crate) fn of_request(headers: &'a HeaderMap, uri: &'a Uri) -> Option<Self> {
        match uri.authority() {
            Some(authority) => Self::parse(authority.as_str()),
            None => Self::parse(headers.get(header::HOST)?.to_str().ok()?),
        }
    }

    pub(crate) const fn name(&self) -> &'a str {
        self.name
    }

    pub(crate) const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns true for a loopback address and for the names that browsers resolve to one.
    pub(crate) fn is_loopback(&self) -> bool {
        const LOCAL: &str = "localhost";
        let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
        let parent = without_root(self.name).rsplit('.').next();
        self.address.is_some_and(is_loopback)
            || parent.is_some_and(|parent| parent.eq_ignore_ascii_case(LOCAL))
    }

    pub(crate) fn has_name(&self, name: &str) -> bool {
        without_root(self.name).eq_ignore_ascii_case(without_root(name))
    }

    /// Returns true if `port` is the host's, or `None`. A host without a port may have the
    /// default port of `http` or of `https`.
    fn may_have_port(&self, port: Option<u16>) -> bool {
        match (port, self.port) {
            (None, _) | (Some(80 | 443), None) => true,
            (port, own) => port == own,
        }
    }

    /// Returns true if this is a name of this server, or if it checks no names.
    ///
    /// Addresses always are: a page cannot have the address of this server without being
    /// served by it.
    fn is_known(&self, config: &Config) -> bool {
        let mut origins = config.origins();
        config.allows_every_host()
            || self.address.is_some()
            || self.is_loopback()
            || origins.any(|origin| self.has_name(origin.host()))
            || config.allowed_hosts().iter().any(|host| host.matches(self))
    }
}

/// Returns a name without the dot of the DNS root: `example.org.` is `example.org`.
pub(crate) fn without_root(name: &str) -> &str {
    match name.strip_suffix('.') {
        Some(rest) if !rest.is_empty() => rest,
        _ => name,
    }
}

/// Checks the host of a request, and that of its target if that is a whole URL.
///
/// # Errors
/// - `malformed_host`: there is not exactly one readable host; HTTP/1.0 and HTTP/2 need
///   no header.
/// - `host_not_allowed`: a host is not a name of this server.
pub(crate) fn check_host<B>(request: &Request<B>, config: &Config) -> Result<(), Box<Problem>> {
    let mut lines = request.headers().get_all(header::HOST).iter();
    let line = lines.next();
    if lines.next().is_some() {
        return Err(malformed("the request has several Host headers"));
    }
    if line.is_none() && request.version() == Version::HTTP_11 {
        return Err(malformed("the request has no Host header"));
    }
    let unreadable = || malformed("the host is not a name or an address with an optional port");
    let named = |host: &Host<'_>| !host.name.is_empty();
    let header = line.map(|line| line.to_str().ok().and_then(Host::parse).filter(named));
    let target = request.uri().authority();
    let target = target.map(|authority| Host::parse(authority.as_str()));
    for host in [header, target].into_iter().flatten() {
        let host = host.ok_or_else(unreadable)?;
        if !host.is_known(config) && !MONITORING.contains(&without_slash(request.uri().path())) {
            return Err(not_allowed(&host));
        }
    }
    Ok(())
}

fn malformed(detail: &'static str) -> Box<Problem> {
    Box::new(Problem::new(ErrorCode::MalformedHost).with_detail(detail))
}

fn not_allowed(host: &Host<'_>) -> Box<Problem> {
    let name: String = host.name.chars().take(NAME_MAX).collect();
    let detail = format!(
        "{name:?} is not a name of this server; its operator can add it to the allowed hosts"
    );
    Box::new(Problem::new(ErrorCode::HostNotAllowed).with_detail(detail))
}

#[cfg(test)]
mod tests;
