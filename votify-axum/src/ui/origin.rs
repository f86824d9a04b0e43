//! The origin of absolute links to pages.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::config::Config;
use crate::extract::address::is_trusted;
use crate::middleware::host::Host;
use crate::middleware::public_url::PublicUrl;

/// Returns the origin under which a browser reached this server, such as
/// `https://polls.example.org`: that of the public URL, else the host of the request. The
/// scheme is then `http`, unless a trusted proxy reports `https`.
pub(super) fn of_request(parts: &Parts, config: &Config) -> String {
    if let Some(url) = &config.public_url {
        return PublicUrl::origin(url).to_string();
    }
    let host = Host::of_request(&parts.headers, &parts.uri);
    let host = host.map(|host| host.to_string()).unwrap_or_default();
    let scheme = if has_tls(parts, config) {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{host}")
}

/// Returns true if the browser treats the page as secure: it has TLS, or is on the browser's
/// own machine. Browsers ignore some headers of other pages, and drop `Secure` cookies.
/// `origin` is the one of the request.
pub(super) fn is_secure(parts: &Parts, origin: &str) -> bool {
    let host = Host::of_request(&parts.headers, &parts.uri);
    // Browsers send this header to secure origins only, also through proxies that are not
    // trusted to report the scheme.
    parts.headers.contains_key("sec-fetch-site")
        || origin.starts_with("https://")
        || host.is_some_and(|host| host.is_loopback())
}

/// Returns true if a trusted proxy reports that the browser uses TLS.
fn has_tls(parts: &Parts, config: &Config) -> bool {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let is_proxy = peer.is_some_and(|ConnectInfo(peer)| {
        is_trusted(peer.ip().to_canonical(), &config.trusted_proxies)
    });
    is_proxy && forwarded_proto(&parts.headers).is_some_and(|proto| proto == "https")
}

fn forwarded_proto(headers: &HeaderMap) -> Option<String> {
    let last_line = headers.get_all("x-forwarded-proto").iter().next_back()?;
    // A proxy may append to what the client sent. So the last value is the proxy's, as for
    // the address of the client.
    let last = last_line.to_str().ok()?.rsplit(',').next()?;
    Some(last.trim().to_ascii_lowercase())
}
