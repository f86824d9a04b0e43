//! Creating, finding, changing and closing polls.

mod create;
mod get;
mod list;
mod manage;
mod me;
mod results;

pub(crate) use create::{__path_create_poll, create_poll};
pub(crate) use get::{__path_get_poll, get_poll};
pub(crate) use list::{__path_list_polls, __path_trending, list_polls, trending};
#[cfg(feature = "ui")]
pub(crate) use list::{MAX_CURSOR_LENGTH, MAX_SEARCH_LENGTH, MAX_SEARCH_WORDS};
#[cfg(feature = "ui")]
pub(crate) use manage::CheckedChange;
pub(crate) use manage::{
    __path_change_poll, __path_close_poll, __path_delete_poll, change_poll, close_poll, delete_poll,
};
pub(crate) use me::{__path_caller_state, caller_state};
pub(crate) use results::{__path_get_results, get_results};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::dto::rules::Capabilities;
use crate::extract::caller::RequestCaller;
use crate::routes::etag;
use crate::routes::response::mark_private;
use crate::state::AppState;

/// Returns the kinds of voters that a caller may choose.
pub(crate) fn capabilities(state: &AppState, caller: &RequestCaller) -> Capabilities {
    Capabilities {
        accounts: state.config.identity.is_some(),
        addresses: caller.address_block().is_some(),
        invites: state.engine.supports_invites(),
    }
}

/// Returns 304 if the client has the current state, else `response`.
fn conditional_response(
    etag: Option<HeaderValue>,
    headers: &HeaderMap,
    response: impl FnOnce() -> Response,
) -> Response {
    let is_unchanged = etag
        .as_ref()
        .is_some_and(|etag| etag::matches(headers, etag));
    let mut response = if is_unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        response()
    };
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    mark_private(&mut response);
    response
}
