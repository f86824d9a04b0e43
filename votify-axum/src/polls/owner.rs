use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::caller::RequestCaller;
use crate::dto::change;
use crate::dto::poll::PollBody;
use crate::dto::schema::PollChange;
use crate::json::JsonBody;
use crate::path::PollPath;
use crate::polls::create::abilities;
use crate::problem::{Code, Problem, refusals};
use crate::shared::Shared;

refusals!(ChangeRefusals:
    MalformedJson, MalformedId, InvalidLogin, NotOwner, OriginNotAllowed, PollNotFound, PollClosed, PollHasVotes,
    RequestTimeout, BodyTooLarge, UnsupportedMediaType, InvalidPoll, StoreUnavailable, Internal);

refusals!(EndRefusals:
    MalformedId, InvalidLogin, NotOwner, OriginNotAllowed, PollNotFound, StoreUnavailable, Internal);

/// Changes a poll; for its owner only.
///
/// Everything can change until the first vote, afterwards only texts and `closes_at`, and nothing once it is closed.
#[utoipa::path(
    patch,
    path = "/api/polls/{id}",
    tag = "polls",
    security(("owner" = [])),
    params(("id" = Uuid, Path, description = "The poll")),
    request_body = PollChange,
    responses((status = 200, body = PollBody), ChangeRefusals)
)]
pub(crate) async fn change_poll(
    State(shared): State<Shared>,
    PollPath(id): PollPath,
    caller: RequestCaller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let voter = caller.voter();
    let poll = shared.engine.authorize_owner(id, &voter).await?;
    let change = change::read(
        body,
        &poll,
        abilities(&shared, &caller),
        shared.engine.now(),
    )
    .map_err(|problems| Problem::fields(Code::InvalidPoll, problems))?;
    let snapshot = shared.engine.change_poll(id, change, &voter).await?;
    Ok(signed(Json(PollBody::from(&snapshot)), &caller, &shared))
}

/// Closes a poll now; for its owner only. The answer is the final result.
#[utoipa::path(
    post,
    path = "/api/polls/{id}/close",
    tag = "polls",
    security(("owner" = [])),
    params(("id" = Uuid, Path, description = "The poll")),
    responses((status = 200, body = PollBody), EndRefusals)
)]
pub(crate) async fn close_poll(
    State(shared): State<Shared>,
    PollPath(id): PollPath,
    caller: RequestCaller,
) -> Result<Response, Problem> {
    let voter = caller.voter();
    shared.engine.authorize_owner(id, &voter).await?;
    let snapshot = shared.engine.close_poll(id, &voter).await?;
    Ok(signed(Json(PollBody::from(&snapshot)), &caller, &shared))
}

/// Deletes a poll with its votes; for its owner only.
#[utoipa::path(
    delete,
    path = "/api/polls/{id}",
    tag = "polls",
    security(("owner" = [])),
    params(("id" = Uuid, Path, description = "The poll")),
    responses((status = 204, description = "It is gone"), EndRefusals)
)]
pub(crate) async fn delete_poll(
    State(shared): State<Shared>,
    PollPath(id): PollPath,
    caller: RequestCaller,
) -> Result<Response, Problem> {
    shared.engine.authorize_owner(id, &caller.voter()).await?;
    shared.engine.delete_poll(id).await?;
    Ok(signed(StatusCode::NO_CONTENT, &caller, &shared))
}

fn signed(answer: impl IntoResponse, caller: &RequestCaller, shared: &Shared) -> Response {
    let mut response = answer.into_response();
    caller.sign(&mut response, shared);
    response
}
