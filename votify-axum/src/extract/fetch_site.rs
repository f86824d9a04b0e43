//! Requests that the page of another site makes a browser send, as the headers `Sec-Fetch-*`
//! (Fetch Metadata) report them.
//!
//! Such requests must not use up the limits of an address: one page with many pictures would
//! otherwise block everybody behind it. Browsers send these headers to secure origins and to
//! loopback only. Without them, a request counts as this server's own.

use axum::http::{HeaderMap, Uri, header};

use crate::config::Config;
use crate::middleware::cors;
use crate::middleware::origin::Origin;

/// Returns true if a page of another site made the browser send the request, and neither a
/// person opened it nor an allowed page reads the response.
pub(crate) fn is_foreign(headers: &HeaderMap, config: &Config) -> bool {
    if !matches!(value(headers, "sec-fetch-site"), "cross-site" | "same-site") {
        return false;
    }
    if value(headers, "sec-fetch-mode") != "navigate" {
        return cors::allowed_origin(headers, config).is_none();
    }
    if value(headers, "sec-purpose").starts_with("prefetch") {
        return true;
    }
    match value(headers, "sec-fetch-dest") {
        "" | "document" => false,
        // A frame, or an element such as `object`. The policy `frame-ancestors` hides what
        // other sites frame.
        _ => !is_framed_by_listed_site(headers, config),
    }
}

/// Returns true if the page around a frame is one of the host's list. A browser sends its
/// origin unless that page has the policy `no-referrer`.
fn is_framed_by_listed_site(headers: &HeaderMap, config: &Config) -> bool {
    let Ok(referer) = value(headers, header::REFERER.as_str()).parse::<Uri>() else {
        return false;
    };
    let (Some(scheme), Some(authority)) = (referer.scheme_str(), referer.authority()) else {
        return false;
    };
    let origin = format!("{scheme}://{authority}").parse::<Origin>();
    origin.is_ok_and(|origin| config.frame_ancestors.contains(&origin))
}

/// Returns the value of a header, or an empty text.
fn value<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}
