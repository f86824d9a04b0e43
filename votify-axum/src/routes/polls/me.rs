use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;

use crate::dto::caller_state::CallerStateBody;
use crate::error::{Problem, error_responses};
use crate::extract::path::PollPath;
use crate::extract::permitted::{Permitted, View};
use crate::own_state::own_state;
use crate::routes::response::private;
use crate::state::AppState;

error_responses!(MeErrors:
    MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, OriginNotAllowed, PollNotFound,
    InvalidQuery, RateLimited, StoreUnavailable, PollKeyUnknown, Overloaded, Internal);

/// Returns what holds for the caller: owner or not, voted or not, and whether a vote would
/// be accepted.
///
/// `reason` is the code of the error that a vote would get now. A code in `invite` that is
/// unknown or used is reported. Requests with a code are limited like votes, and counted
/// separately.
#[utoipa::path(
    get,
    path = "/api/polls/{id}/me",
    tag = "polls",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("invite" = Option<String>, Query, description = "The voter's invite code, if `voters` is `invite`"),
    ),
    responses((status = 200, body = CallerStateBody, description = "The caller's own state"), MeErrors)
)]
pub(crate) async fn caller_state(
    State(state): State<AppState>,
    PollPath(id): PollPath,
    Permitted(mut caller, ..): Permitted<View>,
    parts: Parts,
) -> Result<Response, Problem> {
    let own = own_state(&state, &mut caller, &parts, id).await?;
    let body = CallerStateBody::new(
        own.is_owner,
        own.ballot.as_ref(),
        own.refusal.as_ref().map(Problem::code),
        own.voter,
    );
    let mut response = private(body);
    if let Some(rate_limit) = own.rate_limit {
        rate_limit.write_to(response.headers_mut());
    }
    caller.set_session_cookie(&mut response, &state);
    Ok(response)
}
