use votify_core::ballot::Refusal;
use votify_core::{BallotId, EngineError, PollId, SessionId, VoteReceipt};

use crate::caller::RequestCaller;
use crate::dto::ballot::GivenBallot;
use crate::limits::{self, RateLimit};
use crate::problem::{Problem, refused_choice};
use crate::session;
use crate::shared::Shared;

/// What became of an attempt to vote.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) result: Result<VoteReceipt, Problem>,
    /// Where the caller stands with its quota, if it has one and the attempt was granted.
    pub(crate) rate_limit: Option<RateLimit>,
}

/// Casts a ballot for a caller, within its quota. A caller without a session begins one if the poll exists.
pub(crate) async fn attempt(
    shared: &Shared,
    poll: PollId,
    caller: &mut RequestCaller,
    given: GivenBallot,
) -> Attempt {
    let rate_limit = match limits::vote_attempt(shared, caller).await {
        Ok(rate_limit) => rate_limit,
        Err(problem) => {
            return Attempt {
                result: Err(problem),
                rate_limit: None,
            };
        }
    };
    Attempt {
        result: cast(shared, poll, caller, given).await,
        rate_limit,
    }
}

async fn cast(
    shared: &Shared,
    poll: PollId,
    caller: &mut RequestCaller,
    given: GivenBallot,
) -> Result<VoteReceipt, Problem> {
    let engine = &shared.engine;
    // Who has no session has no vote to take back.
    if caller.session_id().is_none() && !given.choice.is_withdrawal() {
        let id = first_session(shared, poll, given.id).await?;
        caller.begin_session(id, shared).await?;
    }
    let ballot = given.id.unwrap_or_else(|| BallotId::generate(engine.now()));
    let voter = caller.voter();
    let cast = engine.cast(poll, &voter, ballot, given.choice).await;
    cast.map_err(|error| match error {
        EngineError::Refused(Refusal::Invalid(problems)) => refused_choice(&problems, given.field),
        other => other.into(),
    })
}

/// The session of a caller who has none: made from the ballot's id if it has one, so that a retry is the same voter.
async fn first_session(
    shared: &Shared,
    poll: PollId,
    ballot: Option<BallotId>,
) -> Result<SessionId, Problem> {
    let definition = shared.engine.definition(poll).await?;
    let keyring = shared.engine.keyring();
    let made = ballot.and_then(|id| session::of_first_ballot(poll, definition.key, id, keyring));
    Ok(made.unwrap_or_else(SessionId::random))
}
