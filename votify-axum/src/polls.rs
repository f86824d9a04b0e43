//! Making, finding, changing and ending polls.

mod create;
mod etag;
mod find;
mod list;
mod owner;

pub(crate) use create::{__path_create_poll, create_poll};
pub(crate) use find::{__path_get_poll, __path_get_results, get_poll, get_results};
pub(crate) use list::{__path_list_polls, __path_trending, list_polls, trending};
pub(crate) use owner::{
    __path_change_poll, __path_close_poll, __path_delete_poll, change_poll, close_poll, delete_poll,
};

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer that is for this caller alone.
fn private<T: Serialize>(body: T) -> Response {
    let mut response = Json(body).into_response();
    mark_private(&mut response);
    response
}

pub(crate) fn mark_private(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    headers.append(header::VARY, HeaderValue::from_static("Cookie"));
}
