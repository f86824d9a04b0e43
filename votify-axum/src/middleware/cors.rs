//! Cross-origin reads (CORS) by the pages of allowed origins.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::CorsLayer;

use crate::config::Config;
use crate::middleware::origin::Origin;

/// The headers of answers that pages may read.
const EXPOSED: [&str; 6] = [
    "etag",
    "location",
    "retry-after",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
];

/// The time for which browsers keep the answer to a preflight. Chromium keeps it for at most
/// 2 h.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);

/// Returns the layer for the answers of routes, or `None` without allowed origins.
pub(crate) fn layer(origins: &[Origin]) -> Option<CorsLayer> {
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
        .expose_headers(EXPOSED.map(HeaderName::from_static))
        .max_age(PREFLIGHT_MAX_AGE);
    Some(layer)
}

/// Returns the origin of the page that sent a request, if it is one of the allowed
/// origins.
pub(crate) fn allowed_origin(headers: &HeaderMap, config: &Config) -> Option<HeaderValue> {
    if config.allowed_origins.is_empty() {
        return None;
    }
    let mut lines = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (lines.next(), lines.next()) else {
        return None;
    };
    let mut allowed = config.allowed_origins.iter().filter_map(Origin::to_header);
    allowed.any(|one| one == origin).then(|| origin.clone())
}

/// Lets pages of an allowed origin read an answer that does not pass through the
/// [`layer`].
pub(crate) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    if let Ok(exposed) = HeaderValue::try_from(EXPOSED.join(",")) {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}
