//! Voting, taking a vote back, and looking at one's own.

mod cast;
mod key;
mod request;

pub(crate) use cast::{Attempt, attempt};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use votify_core::{Choice, VoteOutcome};

use crate::caller::RequestCaller;
use crate::dto::ballot::GivenBallot;
use crate::dto::receipt::{OwnBallotBody, ReceiptBody, receipt_json};
use crate::dto::schema::NewBallot;
use crate::path::PollPath;
use crate::polls::mark_private;
use crate::problem::{Code, Problem, refusals};
use crate::shared::Shared;

use request::VoteRequest;

/// As many headers as the answer to a vote has.
const HEADERS: usize = 9;

refusals!(VoteRefusals:
    MalformedJson, MalformedId, NotLoggedIn, InvalidLogin, InviteInvalid, OriginNotAllowed, PollNotFound, AlreadyVoted, PollNotOpen,
    PollClosed, BallotIdReused, AddressQuota, RequestTimeout, BodyTooLarge, UnsupportedMediaType, InvalidBallot, RateLimited, StoreUnavailable,
    Overloaded, Internal);

refusals!(WithdrawRefusals:
    MalformedId, NotLoggedIn, InvalidLogin, InviteInvalid, OriginNotAllowed, PollNotFound, NotVoted, PollNotOpen, PollClosed,
    RevoteNotAllowed, BallotIdReused, InvalidBallot, RateLimited, StoreUnavailable, Overloaded, Internal);

refusals!(OwnRefusals:
    MalformedId, NotLoggedIn, InvalidLogin, InviteInvalid, PollNotFound, NotVoted, StoreUnavailable, Internal);

/// Votes. The answer comes when the vote is durable.
///
/// Sending the same vote again under the same id says again that it counts. A browser without a session gets one.
#[utoipa::path(
    post,
    path = "/api/polls/{id}/vote",
    tag = "votes",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("Idempotency-Key" = Option<Uuid>, Header, description = "Instead of `ballot_id` in the body"),
        ("invite" = Option<String>, Query, description = "The code that the voter was given, where `voters` is `invite`"),
    ),
    request_body = NewBallot,
    responses(
        (status = 201, body = ReceiptBody, description = "It counts"),
        (status = 200, body = ReceiptBody, description = "It was counted before"),
        VoteRefusals,
    )
)]
pub(crate) async fn vote(State(shared): State<Shared>, vote: VoteRequest) -> Response {
    let VoteRequest {
        poll,
        mut caller,
        given,
    } = vote;
    let attempt = attempt(&shared, poll, &mut caller, given).await;
    answer(attempt, &caller, &shared, |outcome| match outcome {
        VoteOutcome::Replayed { .. } => StatusCode::OK,
        _ => StatusCode::CREATED,
    })
}

/// Takes the caller's vote back, where the poll allows it.
#[utoipa::path(
    delete,
    path = "/api/polls/{id}/vote",
    tag = "votes",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("Idempotency-Key" = Option<Uuid>, Header, description = "Makes sending it again harmless"),
        ("invite" = Option<String>, Query, description = "The code that the voter was given, where `voters` is `invite`"),
    ),
    responses((status = 200, body = ReceiptBody), WithdrawRefusals)
)]
pub(crate) async fn withdraw(
    State(shared): State<Shared>,
    PollPath(poll): PollPath,
    mut caller: RequestCaller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let nothing = GivenBallot {
        choice: Choice::withdraw(),
        field: "",
        id: None,
    };
    let given = key::with_key(nothing, &headers)
        .map_err(|problems| Problem::fields(Code::InvalidBallot, problems))?;
    let attempt = attempt(&shared, poll, &mut caller, given).await;
    Ok(answer(attempt, &caller, &shared, |_| StatusCode::OK))
}

/// The caller's own vote.
#[utoipa::path(
    get,
    path = "/api/polls/{id}/vote",
    tag = "votes",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("invite" = Option<String>, Query, description = "The code that the voter was given, where `voters` is `invite`"),
    ),
    responses((status = 200, body = OwnBallotBody), OwnRefusals)
)]
pub(crate) async fn own_vote(
    State(shared): State<Shared>,
    PollPath(id): PollPath,
    caller: RequestCaller,
) -> Result<Response, Problem> {
    let standing = shared.engine.ballot_of(id, &caller.voter()).await?;
    let standing = standing.ok_or(Code::NotVoted)?;
    let poll = shared.engine.definition(id).await?;
    let mut response = Json(OwnBallotBody::new(&poll, &standing)).into_response();
    mark_private(&mut response);
    Ok(response)
}

fn answer(
    attempt: Attempt,
    caller: &RequestCaller,
    shared: &Shared,
    status: impl FnOnce(VoteOutcome) -> StatusCode,
) -> Response {
    let mut response = match attempt.result {
        Ok(receipt) => {
            let mut response = Response::new(receipt_json(&receipt).into());
            *response.status_mut() = status(receipt.outcome);
            // Once for all that follow: the map grows by copying.
            response.headers_mut().reserve(HEADERS);
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        }
        Err(problem) => problem.into_response(),
    };
    if let Some(rate_limit) = attempt.rate_limit {
        rate_limit.write_to(response.headers_mut());
    }
    mark_private(&mut response);
    caller.sign(&mut response, shared);
    response
}
