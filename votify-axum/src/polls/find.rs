use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use votify_core::engine::PollSnapshot;

use crate::caller::RequestCaller;
use crate::dto::poll::DetailsBody;
use crate::dto::result::ResultBody;
use crate::path::PollPath;
use crate::polls::etag::{etag, is_known};
use crate::polls::mark_private;
use crate::problem::{Problem, refusals};
use crate::shared::Shared;

refusals!(FindRefusals: MalformedId, InvalidLogin, PollNotFound, StoreUnavailable, Internal);

/// A poll with its options and counts, as far as the caller may see them.
#[utoipa::path(
    get,
    path = "/api/polls/{id}",
    tag = "polls",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("invite" = Option<String>, Query, description = "The code of a voter, for counts that show to who has voted"),
        ("If-None-Match" = Option<String>, Header, description = "An `ETag` that was answered before"),
    ),
    responses(
        (status = 200, body = DetailsBody, headers(("ETag" = String, description = "Changes with what the caller sees"))),
        (status = 304, description = "It is as the `ETag` says"),
        FindRefusals,
    )
)]
pub(crate) async fn get_poll(
    State(shared): State<Shared>,
    PollPath(id): PollPath,
    caller: RequestCaller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = shared.engine.poll(id, &caller.voter()).await?;
    Ok(unless_known(&snapshot, &headers, || {
        DetailsBody::from(&snapshot)
    }))
}

/// A poll's result.
#[utoipa::path(
    get,
    path = "/api/polls/{id}/results",
    tag = "polls",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("invite" = Option<String>, Query, description = "The code of a voter, for counts that show to who has voted"),
        ("If-None-Match" = Option<String>, Header, description = "An `ETag` that was answered before"),
    ),
    responses(
        (status = 200, body = ResultBody, headers(("ETag" = String, description = "Changes with what the caller sees"))),
        (status = 304, description = "It is as the `ETag` says"),
        FindRefusals,
    )
)]
pub(crate) async fn get_results(
    State(shared): State<Shared>,
    PollPath(id): PollPath,
    caller: RequestCaller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (snapshot, result) = shared.engine.result(id, &caller.voter()).await?;
    Ok(unless_known(&snapshot, &headers, || {
        ResultBody::new(&snapshot, &result)
    }))
}

/// What is shown of a poll, or that it is as the caller knows it.
fn unless_known<T: Serialize>(
    snapshot: &PollSnapshot,
    headers: &HeaderMap,
    body: impl FnOnce() -> T,
) -> Response {
    let etag = etag(snapshot);
    let known = etag.as_ref().is_some_and(|etag| is_known(headers, etag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(body()).into_response()
    };
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    mark_private(&mut response);
    response
}
