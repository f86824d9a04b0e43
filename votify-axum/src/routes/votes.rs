//! Routes to cast, withdraw and read the caller's vote.

mod request;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use votify_core::{BallotId, Choice, VoteOutcome};

use self::request::VoteRequest;
use super::response::{mark_private, private};
use crate::dto::ballot::BallotInput;
use crate::dto::receipt::{OwnBallotBody, QueuedBody, ReceiptBody, receipt_json};
use crate::dto::schema::NewBallot;
use crate::dto::vote_status::{OwnVoteBody, VoteStatusBody};
use crate::error::{ErrorCode, Problem, error_responses};
use crate::extract::caller::RequestCaller;
use crate::extract::idempotency::apply_idempotency_key;
use crate::extract::path::PollPath;
use crate::extract::permitted::{Permitted, View, Vote};
use crate::extract::query::QueryReader;
use crate::state::AppState;
use crate::voter_tag::check_voter;
use crate::voting::{CastAttempt, cast_within_rate};

/// Number of headers of the response to a vote: `content-type`, three `ratelimit-*`,
/// `cache-control`, `vary`, `set-cookie`, `content-length`, `x-content-type-options`.
const HEADER_COUNT: usize = 9;

error_responses!(VoteErrors:
    MalformedJson, MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, InviteInvalid,
    OriginNotAllowed, PollNotFound, AlreadyVoted, PollNotOpen, PollClosed, BallotIdReused,
    VoterChanged, AddressQuota, RequestTimeout, BodyTooLarge, UnsupportedMediaType, InvalidBallot,
    InvalidQuery, RateLimited, StoreUnavailable, QueueUnavailable, PollKeyUnknown, Overloaded, Internal);

error_responses!(WithdrawErrors:
    MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, InviteInvalid, OriginNotAllowed,
    PollNotFound, NotVoted, PollNotOpen, PollClosed, RevoteNotAllowed, BallotIdReused,
    VoterChanged, InvalidBallot, InvalidQuery, RateLimited, StoreUnavailable, QueueUnavailable,
    PollKeyUnknown, Overloaded, Internal);

error_responses!(OwnVoteErrors:
    MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, InviteInvalid, PollNotFound, NotVoted,
    InvalidQuery, StoreUnavailable, PollKeyUnknown, Internal);

/// Casts a vote. The response is sent when the vote is durable.
///
/// A retry with the same ballot id returns the receipt again. A browser without a session
/// gets one.
///
/// If votes go through a queue, the response is 202 once the queue has the vote. It is
/// counted or refused later: `GET /api/polls/{id}/vote?ballot_id=` says which.
#[utoipa::path(
    post,
    path = "/api/polls/{id}/vote",
    tag = "votes",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("Idempotency-Key" = Option<Uuid>, Header, description = "Same as `ballot_id` in the body"),
        ("invite" = Option<String>, Query, description = "The voter's invite code, if `voters` is `invite`"),
        ("voter" = Option<String>, Query, description = "The `voter` of the caller's own state. The vote is refused with `voter_changed` if the caller is another voter now"),
    ),
    request_body = NewBallot,
    responses(
        (status = 201, body = ReceiptBody, description = "The vote is counted"),
        (status = 200, body = ReceiptBody, description = "The vote had been counted before"),
        (status = 202, body = QueuedBody, description = "The vote is queued"),
        VoteErrors,
    )
)]
pub(crate) async fn vote(State(state): State<AppState>, request: VoteRequest) -> Response {
    let VoteRequest {
        poll,
        mut caller,
        input,
    } = request;
    let attempt = cast_within_rate(&state, poll, &mut caller, input).await;
    vote_response(attempt, &caller, &state, |outcome| match outcome {
        VoteOutcome::Replayed { .. } => StatusCode::OK,
        VoteOutcome::Queued => StatusCode::ACCEPTED,
        _ => StatusCode::CREATED,
    })
}

/// Withdraws the caller's vote, if the poll allows it.
#[utoipa::path(
    delete,
    path = "/api/polls/{id}/vote",
    tag = "votes",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("Idempotency-Key" = Option<Uuid>, Header, description = "A random UUID. A retry with the same UUID has no further effect"),
        ("invite" = Option<String>, Query, description = "The voter's invite code, if `voters` is `invite`"),
        ("voter" = Option<String>, Query, description = "The `voter` of the caller's own state. The vote is refused with `voter_changed` if the caller is another voter now"),
    ),
    responses(
        (status = 200, body = ReceiptBody, description = "The new counts"),
        (status = 202, body = QueuedBody, description = "The withdrawal is queued"),
        WithdrawErrors,
    )
)]
pub(crate) async fn withdraw(
    State(state): State<AppState>,
    PollPath(poll): PollPath,
    Permitted(mut caller, ..): Permitted<Vote>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    check_voter(&uri, poll, &caller, &state).await?;
    let withdrawal = BallotInput {
        choice: Choice::withdraw(),
        field: "",
        id: None,
    };
    let input = apply_idempotency_key(withdrawal, &headers)
        .map_err(|errors| Problem::field_errors(ErrorCode::InvalidBallot, errors))?;
    let attempt = cast_within_rate(&state, poll, &mut caller, input).await;
    Ok(vote_response(
        attempt,
        &caller,
        &state,
        |outcome| match outcome {
            VoteOutcome::Queued => StatusCode::ACCEPTED,
            _ => StatusCode::OK,
        },
    ))
}

/// Returns the caller's own vote, or with `ballot_id` what became of that ballot.
#[utoipa::path(
    get,
    path = "/api/polls/{id}/vote",
    tag = "votes",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("invite" = Option<String>, Query, description = "The voter's invite code, if `voters` is `invite`"),
        ("ballot_id" = Option<Uuid>, Query, description = "A ballot of the caller, whose state is returned instead. Until the poll is final, `queued` also for an id that nobody sent"),
    ),
    responses(
        (status = 200, body = OwnVoteBody, description = "The ballot, or its state"),
        OwnVoteErrors,
    )
)]
pub(crate) async fn own_vote(
    State(state): State<AppState>,
    PollPath(id): PollPath,
    Permitted(caller, ..): Permitted<View>,
    mut query: QueryReader,
) -> Result<Response, Problem> {
    if let Some(ballot) = query.take("ballot_id") {
        let ballot: Option<BallotId> = ballot.parse().ok();
        if ballot.is_none() {
            query.add_error("ballot_id", "must be a UUID");
        }
        let _ = query.take("invite");
        let ballot = query.finish(ballot)?.ok_or(ErrorCode::InvalidQuery)?;
        let voter = caller.to_caller();
        let status = state.engine.vote_status(id, &voter, ballot).await?;
        let status = VoteStatusBody::new(ballot, status);
        return Ok(private(OwnVoteBody::Status(status)));
    }
    let active = state.engine.ballot_of(id, &caller.to_caller()).await?;
    let active = active.ok_or(ErrorCode::NotVoted)?;
    let poll = state.engine.definition(id).await?;
    let ballot = OwnBallotBody::new(&poll, &active);
    Ok(private(OwnVoteBody::Ballot(ballot)))
}

fn vote_response(
    attempt: CastAttempt,
    caller: &RequestCaller,
    state: &AppState,
    status: impl FnOnce(VoteOutcome) -> StatusCode,
) -> Response {
    let mut response = match attempt.result {
        Ok(receipt) => {
            let mut response = Response::new(receipt_json(&receipt).into());
            *response.status_mut() = status(receipt.outcome);
            // One allocation for all headers: the map copies its entries when it grows.
            response.headers_mut().reserve(HEADER_COUNT);
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
    caller.set_session_cookie(&mut response, state);
    response
}
