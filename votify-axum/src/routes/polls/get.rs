use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use votify_core::SessionId;
use votify_core::engine::PollSnapshot;

use super::conditional_response;
use crate::dto::poll::DetailsBody;
use crate::dto::presentation::Presentation;
use crate::error::{Problem, error_responses};
use crate::extract::caller::RequestCaller;
use crate::extract::path::PollPath;
use crate::extract::permitted::{Permitted, View};
use crate::routes::etag::etag;
use crate::state::AppState;

error_responses!(GetErrors:
    MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, PollNotFound, InvalidQuery, RateLimited,
    StoreUnavailable, Overloaded, Internal);

/// Returns a poll with its options, and with its counts if the caller may see them.
///
/// A caller without a session gets one, also with a 304: front ends begin here.
#[utoipa::path(
    get,
    path = "/api/polls/{id}",
    tag = "polls",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("invite" = Option<String>, Query, description = "The voter's invite code, for counts that only voters see"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier response"),
    ),
    responses(
        (status = 200, body = DetailsBody, description = "The poll", headers(
            ("ETag" = String, description = "Changes with what the caller sees"),
            ("Set-Cookie" = String, description = "The session of a caller who sent none"),
        )),
        (status = 304, description = "Unchanged since that `ETag`"),
        GetErrors,
    )
)]
pub(crate) async fn get_poll(
    State(state): State<AppState>,
    PollPath(id): PollPath,
    Permitted(mut caller, ..): Permitted<View>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = state.engine.poll(id, &caller.to_caller()).await?;
    let presentation = Presentation {
        pages: state.config.page_prefix(&uri),
        host_fields: shows_host_fields(&state, &snapshot, &caller).await?,
    };
    let variant = if presentation.host_fields {
        "-host"
    } else {
        ""
    };
    let mut response = conditional_response(etag(&snapshot, variant), &headers, || {
        Json(DetailsBody::new(&snapshot, &presentation)).into_response()
    });
    // A 304 sets the cookie too: the browser may have lost its cookie and kept its cache.
    caller.begin_session_if_missing(SessionId::random());
    caller.set_session_cookie(&mut response, &state);
    Ok(response)
}

/// Returns true if the poll has fields of the host's own, and the caller may see them.
async fn shows_host_fields(
    state: &AppState,
    snapshot: &PollSnapshot,
    caller: &RequestCaller,
) -> Result<bool, Problem> {
    let poll = &snapshot.poll;
    if poll.external_ref.is_none() && poll.metadata.is_none() {
        return Ok(false);
    }
    let for_everybody = state.config.shows_host_fields;
    Ok(for_everybody || state.engine.owns(poll, &caller.to_caller()).await?)
}
