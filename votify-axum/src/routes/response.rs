//! Response headers about caching and files.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::dto::listing::ListJson;
use crate::error::Problem;
use crate::extract::caller::RequestCaller;
use crate::response_memory::{FramesBody, Uncounted};
use crate::state::AppState;

/// Returns a JSON response that only the caller's own cache may store.
pub(super) fn private<T: Serialize>(body: T) -> Response {
    let mut response = Json(body).into_response();
    mark_private(&mut response);
    response
}

/// Does the same as [`private`] for a list, whose polls are shared and not copied.
///
/// # Errors
/// - `rate_limited`: too many bytes of responses to the caller's address are unread;
///   retry after `retry_after`.
/// - `overloaded`: too many bytes of responses to all clients are unread; retry after
///   `retry_after`.
pub(super) fn private_list(
    json: ListJson,
    caller: &RequestCaller,
    state: &AppState,
) -> Result<Response, Problem> {
    let polls = state.count_shared(json.polls, caller.address_block())?;
    let body = FramesBody::new([json.head, polls, json.tail]);
    let mut response = Response::new(Body::new(body));
    response.extensions_mut().insert(Uncounted);
    let value = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    mark_private(&mut response);
    Ok(response)
}

/// Returns a table as a file with this name, without `.csv`. The name is ASCII and without
/// quotes.
pub(crate) fn csv_file(name: &str, table: impl IntoResponse) -> Response {
    let mut response = table.into_response();
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static("text/csv; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, content_type);
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
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
