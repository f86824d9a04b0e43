//! What holds for a caller in a poll. The API and the pages share it.

use axum::http::request::Parts;
use votify_core::ballot::ActiveBallot;
use votify_core::{PollId, SessionId};

use crate::authorize::Action;
use crate::error::{ErrorCode, Problem, RateLimitHeaders};
use crate::extract::caller::RequestCaller;
use crate::rate_limit::VoteRate;
use crate::router::RouteGroup;
use crate::state::AppState;
use crate::voter_tag::voter_tag;

const CODE_ATTEMPTS: VoteRate = VoteRate {
    session_scope: "code-session",
    address_scope: "code-address",
    session_unit: "invite codes of one session",
    address_unit: "invite codes without a session from one network address",
};

/// The state of a caller in a poll.
#[derive(Debug)]
pub(crate) struct OwnState {
    pub(crate) is_owner: bool,
    /// Names the caller as a voter, see [`voter_tag`].
    pub(crate) voter: Option<String>,
    /// The caller's vote that counts.
    pub(crate) ballot: Option<ActiveBallot>,
    /// The error that a vote would get now. `None` if it would be accepted.
    pub(crate) refusal: Option<Problem>,
    /// The remaining attempts with invite codes, if the request has one.
    pub(crate) rate_limit: Option<RateLimitHeaders>,
}

impl OwnState {
    /// Creates the state of a caller about whom nothing is known.
    #[cfg(feature = "ui")]
    pub(crate) const fn refused(problem: Problem) -> Self {
        Self {
            is_owner: false,
            voter: None,
            ballot: None,
            refusal: Some(problem),
            rate_limit: None,
        }
    }
}

/// Returns the state of a caller in a poll. Requests with an invite code are limited like
/// votes.
///
/// # Errors
/// - `origin_not_allowed`: a page of another site made the browser send an invite code.
/// - `rate_limited`: the caller sent too many invite codes; retry after `retry_after`.
/// - `poll_not_found`, `store_unavailable`, `poll_key_unknown`, `overloaded`, `internal`: the
///   state is unknown.
pub(crate) async fn own_state(
    state: &AppState,
    caller: &mut RequestCaller,
    parts: &Parts,
    id: PollId,
) -> Result<OwnState, Problem> {
    let rate_limit = if caller.has_invite_code() {
        caller.ensure_own_request()?;
        CODE_ATTEMPTS.acquire(state, caller).await?
    } else {
        None
    };
    caller.claim_session(state).await;
    let mut voter = caller.to_caller();
    if voter.session_id().is_none() {
        // A vote of this caller would start a session.
        voter = voter.with_session(SessionId::random());
    }
    let found = state.engine.caller_state(id, &voter).await?;
    // The host is asked before the rules of the poll, as for a vote.
    let denied = caller.authorize(parts, Action::Vote(id), state).await;
    let is_served = state.config.serves(RouteGroup::Voting);
    let left_out = (!is_served).then(|| Problem::new(ErrorCode::NotAllowed));
    let refusal = left_out
        .or(denied.err())
        .or_else(|| found.refusal.map(Problem::from));
    match refusal {
        // The server failed to find out, so the caller gets the error.
        Some(problem) if problem.status().is_server_error() => Err(problem),
        refusal => Ok(OwnState {
            is_owner: found.is_owner,
            voter: found.voter.and_then(|id| voter_tag(caller, id)),
            ballot: found.ballot,
            refusal,
            rate_limit,
        }),
    }
}
