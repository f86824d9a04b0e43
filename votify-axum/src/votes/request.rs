use axum::extract::{FromRequest, FromRequestParts, Request};
use votify_core::PollId;

use crate::caller::RequestCaller;
use crate::dto::ballot::{self, GivenBallot};
use crate::json::{json_bytes, value};
use crate::path::PollPath;
use crate::problem::{Code, Problem};
use crate::shared::Shared;
use crate::votes::key;

/// A vote, its caller and its poll, out of one request.
#[derive(Debug)]
pub(crate) struct VoteRequest {
    pub(super) poll: PollId,
    pub(super) caller: RequestCaller,
    pub(super) given: GivenBallot,
}

impl FromRequest<Shared> for VoteRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let PollPath(poll) = PollPath::from_request_parts(&mut parts, shared).await?;
        let caller = RequestCaller::from_request_parts(&mut parts, shared).await?;
        let body = json_bytes(&parts.headers, body).await?;
        let given = match ballot::read_plain(&body) {
            Some(given) => Ok(given),
            None => ballot::read(value(&body)?),
        };
        let given = given
            .and_then(|given| key::with_key(given, &parts.headers))
            .map_err(|problems| Problem::fields(Code::InvalidBallot, problems))?;
        Ok(Self {
            poll,
            caller,
            given,
        })
    }
}
