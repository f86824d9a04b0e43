//! Casts ballots within the vote rate. HTTP routes and WebSockets share it.

use votify_core::ballot::Refusal;
use votify_core::{BallotId, EngineError, PollId, SessionId, VoteReceipt, VoterPolicy};

use crate::dto::ballot::BallotInput;
use crate::error::{Problem, RateLimitHeaders, invalid_choice};
use crate::extract::caller::RequestCaller;
use crate::extract::session::session_for_first_ballot;
use crate::rate_limit::VoteRate;
use crate::state::AppState;

const ATTEMPTS: VoteRate = VoteRate {
    session_scope: "vote-session",
    address_scope: "vote-address",
    session_unit: "vote attempts of one session",
    address_unit: "vote attempts without a session from one network address",
};

/// The result of an attempt to cast a ballot.
#[derive(Debug)]
pub(crate) struct CastAttempt {
    pub(crate) result: Result<VoteReceipt, Problem>,
    /// The caller's remaining attempts. `None` if attempts are not limited, or if this one
    /// was rejected by the limiter.
    pub(crate) rate_limit: Option<RateLimitHeaders>,
}

/// Casts a ballot, a vote or a withdrawal, if the vote rate allows it. Starts a session for
/// a caller without one, if the poll exists.
pub(crate) async fn cast_within_rate(
    state: &AppState,
    poll: PollId,
    caller: &mut RequestCaller,
    input: BallotInput,
) -> CastAttempt {
    let rate_limit = match ATTEMPTS.acquire(state, caller).await {
        Ok(rate_limit) => rate_limit,
        Err(problem) => {
            return CastAttempt {
                result: Err(problem),
                rate_limit: None,
            };
        }
    };
    CastAttempt {
        result: cast(state, poll, caller, input).await,
        rate_limit,
    }
}

async fn cast(
    state: &AppState,
    poll: PollId,
    caller: &mut RequestCaller,
    input: BallotInput,
) -> Result<VoteReceipt, Problem> {
    let engine = &state.engine;
    // A caller without a session has no vote to withdraw, so a withdrawal starts none.
    if caller.session_id().is_none() && !input.choice.is_withdrawal() {
        let id = first_session(state, poll, input.id).await?;
        caller.begin_session(id, state).await?;
    }
    let ballot = input.id.unwrap_or_else(|| BallotId::generate(engine.now()));
    let voter = caller.to_caller();
    let receipt = engine.cast(poll, &voter, ballot, input.choice).await;
    receipt.map_err(|error| match error {
        EngineError::Refused(Refusal::Invalid(errors)) => invalid_choice(&errors, input.field),
        other => other.into(),
    })
}

/// Returns the id of a new session.
///
/// In polls by browser, it is derived from the ballot's id, if the client set one, so that
/// a retry counts as the same voter. In all others the session is not the voter. There,
/// everybody who counts as the same voter can read the ballot's id, and would get the
/// session.
async fn first_session(
    state: &AppState,
    poll: PollId,
    ballot: Option<BallotId>,
) -> Result<SessionId, Problem> {
    let definition = state.engine.definition(poll).await?;
    let keyring = state.engine.keyring();
    let is_voter = definition.rules.voters == VoterPolicy::Browser;
    let derived = ballot
        .filter(|_| is_voter)
        .and_then(|id| session_for_first_ballot(poll, definition.key, id, keyring));
    Ok(derived.unwrap_or_else(SessionId::random))
}
