//! Response headers about caching.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

/// Returns a JSON response that only the caller's own cache may store.
pub(super) fn private<T: Serialize>(body: T) -> Response {
    let mut response = Json(body).into_response();
    mark_private(&mut response);
    response
}

/// Does the same as [`private`] for rendered JSON.
pub(super) fn private_json(json: Bytes) -> Response {
    let mut response = Response::new(Body::from(json));
    let value = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    mark_private(&mut response);
    response
}

/// Lets only the caller's own cache store the response.
pub(super) fn mark_private(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    headers.append(header::VARY, HeaderValue::from_static("Cookie"));
}

/// Returns a response that no cache may store.
#[cfg(feature = "accounts")]
pub(super) fn no_store(body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}
