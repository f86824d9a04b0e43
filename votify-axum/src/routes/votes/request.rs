use axum::extract::{FromRequest, FromRequestParts, Request};
use votify_core::PollId;

use crate::dto::ballot::{self, BallotInput};
use crate::error::{ErrorCode, Problem};
use crate::extract::caller::RequestCaller;
use crate::extract::idempotency::apply_idempotency_key;
use crate::extract::json::{json_bytes, parse_json};
use crate::extract::path::PollPath;
use crate::extract::permitted::{Permitted, Vote};
use crate::state::AppState;
use crate::voter_tag::check_voter;

/// The poll, the caller and the ballot of a request to vote.
#[derive(Debug)]
pub(crate) struct VoteRequest {
    pub(super) poll: PollId,
    pub(super) caller: RequestCaller,
    pub(super) input: BallotInput,
}

impl FromRequest<AppState> for VoteRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let PollPath(poll) = PollPath::from_request_parts(&mut parts, state).await?;
        let Permitted(caller, ..) =
            Permitted::<Vote>::from_request_parts(&mut parts, state).await?;
        check_voter(&parts.uri, poll, &caller, state).await?;
        let body = json_bytes(&parts.headers, body).await?;
        let input = match ballot::parse_fast(&body) {
            Some(input) => Ok(input),
            None => ballot::read(parse_json(&body)?),
        };
        let input = input
            .and_then(|input| apply_idempotency_key(input, &parts.headers))
            .map_err(|errors| Problem::field_errors(ErrorCode::InvalidBallot, errors))?;
        Ok(Self {
            poll,
            caller,
            input,
        })
    }
}
