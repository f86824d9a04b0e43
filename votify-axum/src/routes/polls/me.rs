use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use votify_core::SessionId;

use crate::authorize::Action;
use crate::dto::caller_state::CallerStateBody;
use crate::error::{ErrorCode, Problem, error_responses};
use crate::extract::path::PollPath;
use crate::extract::permitted::{Permitted, View};
use crate::rate_limit::VoteRate;
use crate::router::RouteGroup;
use crate::routes::response::private;
use crate::state::AppState;

const CODE_ATTEMPTS: VoteRate = VoteRate {
    session_scope: "code-session",
    address_scope: "code-address",
    session_unit: "invite codes of one session",
    address_unit: "invite codes without a session from one network address",
};

error_responses!(MeErrors:
    MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, PollNotFound, RateLimited, StoreUnavailable,
    PollKeyUnknown, Overloaded, Internal);

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
    Permitted(caller, ..): Permitted<View>,
    parts: Parts,
) -> Result<Response, Problem> {
    let rate_limit = if caller.has_invite_code() {
        CODE_ATTEMPTS.acquire(&state, &caller).await?
    } else {
        None
    };
    caller.claim_session(&state).await;
    let mut voter = caller.to_caller();
    if voter.session_id().is_none() {
        // A vote of this caller would start a session.
        voter = voter.with_session(SessionId::random());
    }
    let found = state.engine.caller_state(id, &voter).await?;
    // The host is asked before the rules of the poll, as for a vote.
    let denied = caller.authorize(&parts, Action::Vote(id), &state).await;
    let is_served = state.config.serves(RouteGroup::Voting);
    let left_out = (!is_served).then(|| Problem::new(ErrorCode::NotAllowed));
    let refusal = left_out
        .or(denied.err())
        .or_else(|| found.refusal.map(Problem::from));
    let body = match refusal {
        // The server could not tell, so this is no answer to the question.
        Some(problem) if problem.status().is_server_error() => return Err(problem),
        refusal => CallerStateBody::new(
            found.is_owner,
            found.ballot.as_ref(),
            refusal.map(|problem| problem.code()),
        ),
    };
    let mut response = private(body);
    if let Some(rate_limit) = rate_limit {
        rate_limit.write_to(response.headers_mut());
    }
    caller.set_session_cookie(&mut response, &state);
    Ok(response)
}
