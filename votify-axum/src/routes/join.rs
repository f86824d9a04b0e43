//! Join codes.

use axum::extract::{OriginalUri, State};
use axum::http::request::Parts;
use axum::response::Response;

use crate::authorize::Action;
use crate::dto::join::JoinBody;
use crate::dto::presentation::Presentation;
use crate::error::{Problem, error_responses};
use crate::extract::caller::RequestCaller;
use crate::extract::path::JoinCodePath;
use crate::join::find_poll;
use crate::routes::response::private;
use crate::state::AppState;

error_responses!(JoinErrors:
    NotLoggedIn, InvalidLogin, NotAllowed, OriginNotAllowed, PollNotFound, InvalidQuery,
    RateLimited, StoreUnavailable, Overloaded, Internal);

/// Returns the poll that has a join code.
///
/// Case, blanks and hyphens make no difference. The server limits the wrong codes of an
/// address; right ones do not count.
#[utoipa::path(
    get,
    path = "/api/join/{code}",
    tag = "polls",
    params(("code" = String, Path, description = "The join code", example = "K7WM3P")),
    responses((status = 200, body = JoinBody, description = "The poll"), JoinErrors)
)]
pub(crate) async fn join(
    State(state): State<AppState>,
    JoinCodePath(code): JoinCodePath,
    OriginalUri(uri): OriginalUri,
    caller: RequestCaller,
    parts: Parts,
) -> Result<Response, Problem> {
    let id = find_poll(&state, &caller, &code).await?;
    caller.authorize(&parts, Action::View(id), &state).await?;
    let presentation = Presentation {
        pages: state.config.page_prefix(&uri),
        host_fields: false,
    };
    Ok(private(JoinBody {
        id: *id.as_uuid(),
        url: presentation.page_url(&id),
    }))
}
