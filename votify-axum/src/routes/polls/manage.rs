use axum::extract::{OriginalUri, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::Value;
use votify_core::engine::PollSnapshot;
use votify_core::poll::PollState;
use votify_core::{Actor, Poll, PollChange, PollId};

use super::capabilities;
use crate::dto::poll::PollBody;
use crate::dto::presentation::Presentation;
use crate::dto::schema;
use crate::dto::{change, poll};
use crate::error::{ErrorCode, Problem, error_responses};
use crate::extract::caller::RequestCaller;
use crate::extract::path::PollPath;
use crate::extract::permitted::{Manage, Permitted};
use crate::extract::poll_json::PollJson;
use crate::rate_limit::creation;
use crate::state::AppState;

error_responses!(ChangeErrors:
    MalformedJson, MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, NotOwner, OriginNotAllowed,
    PollNotFound, PollClosed, PollHasVotes, RequestTimeout, BodyTooLarge, UnsupportedMediaType,
    InvalidPoll, RateLimited, StoreUnavailable, PollKeyUnknown, Overloaded, Internal);

error_responses!(CloseErrors:
    MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, NotOwner, OriginNotAllowed, PollNotFound,
    RateLimited, StoreUnavailable, QueueUnavailable, PollKeyUnknown, Overloaded, Internal);

error_responses!(DeleteErrors:
    MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, NotOwner, OriginNotAllowed, PollNotFound,
    StoreUnavailable, PollKeyUnknown, Internal);

/// Changes a poll. Only for its owner.
///
/// Everything can change until the first vote. Afterwards only texts, `closes_at`,
/// `visibility`, `external_ref` and `metadata` can change, until the poll is closed. The bytes of new texts count toward the limit of an
/// address, like the bytes of new polls: 429 `rate_limited`.
#[utoipa::path(
    patch,
    path = "/api/polls/{id}",
    tag = "polls",
    security(("owner" = [])),
    params(("id" = Uuid, Path, description = "The poll")),
    request_body = schema::PollChange,
    responses((status = 200, body = PollBody, description = "The changed poll"), ChangeErrors)
)]
pub(crate) async fn change_poll(
    State(state): State<AppState>,
    PollPath(id): PollPath,
    OriginalUri(uri): OriginalUri,
    Permitted(caller, ..): Permitted<Manage>,
    body: PollJson,
) -> Result<Response, Problem> {
    let owner = caller.to_caller();
    let poll = state.engine.authorize_owner(id, &owner).await?;
    let body = body.read(&state).await?;
    let checked = CheckedChange::read(body, &poll, &caller, &state)?;
    let reserved = state.reserve_response(checked.max_size, caller.address_block())?;
    let snapshot = checked.apply(id, &caller, &state).await?;
    let body = (Extension(reserved), owner_body(&snapshot, &uri, &state));
    Ok(with_session(body, &caller, &state))
}

/// A change that is valid whatever the votes are.
pub(crate) struct CheckedChange {
    change: PollChange,
    /// Maximum size of the changed poll's JSON in bytes.
    max_size: usize,
    new_text_bytes: usize,
}

impl CheckedChange {
    /// Reads the body of a change. The store checks it again. A change that it would refuse
    /// whatever the votes are is rejected here, so that it does not count toward the limit.
    ///
    /// # Errors
    /// - `invalid_poll`, `poll_closed`: the change is not possible.
    pub(crate) fn read(
        body: Value,
        poll: &Poll,
        caller: &RequestCaller,
        state: &AppState,
    ) -> Result<Self, Problem> {
        let now = state.engine.now();
        let change = change::read(body, poll, capabilities(state, caller), now)
            .map_err(|errors| Problem::field_errors(ErrorCode::InvalidPoll, errors))?;
        let changed = PollState::new(poll.clone())
            .apply_change(&change, now)
            .map_err(Problem::from)?;
        let changed = changed.as_ref().map_or(poll, |state| &state.poll);
        Ok(Self {
            max_size: poll::max_size(changed),
            new_text_bytes: changed.changed_text_bytes(poll),
            change,
        })
    }

    /// Changes the poll as its owner. The new texts count toward the limit of the address.
    ///
    /// # Errors
    /// - `not_owner`, `poll_closed`, `poll_has_votes`, `rate_limited`: nothing changed.
    /// - `store_unavailable`: the poll may be changed; repeating it is safe.
    pub(crate) async fn apply(
        self,
        id: PollId,
        caller: &RequestCaller,
        state: &AppState,
    ) -> Result<PollSnapshot, Problem> {
        creation::acquire_change(state, caller, self.new_text_bytes).await?;
        let owner = caller.to_caller();
        let actor = Actor::Caller(&owner);
        Ok(state.engine.change_poll(id, self.change, actor).await?)
    }
}

/// Closes a poll and returns the final result. Only for its owner.
#[utoipa::path(
    post,
    path = "/api/polls/{id}/close",
    tag = "polls",
    security(("owner" = [])),
    params(("id" = Uuid, Path, description = "The poll")),
    responses((status = 200, body = PollBody, description = "The closed poll"), CloseErrors)
)]
pub(crate) async fn close_poll(
    State(state): State<AppState>,
    PollPath(id): PollPath,
    OriginalUri(uri): OriginalUri,
    Permitted(caller, ..): Permitted<Manage>,
) -> Result<Response, Problem> {
    let owner = caller.to_caller();
    let poll = state.engine.authorize_owner(id, &owner).await?;
    let reserved = state.reserve_response(poll::max_size(&poll), caller.address_block())?;
    let snapshot = state.engine.close_poll(id, Actor::Caller(&owner)).await?;
    let body = (Extension(reserved), owner_body(&snapshot, &uri, &state));
    Ok(with_session(body, &caller, &state))
}

/// Deletes a poll with its votes. Only for its owner.
#[utoipa::path(
    delete,
    path = "/api/polls/{id}",
    tag = "polls",
    security(("owner" = [])),
    params(("id" = Uuid, Path, description = "The poll")),
    responses((status = 204, description = "The poll is deleted"), DeleteErrors)
)]
pub(crate) async fn delete_poll(
    State(state): State<AppState>,
    PollPath(id): PollPath,
    Permitted(caller, ..): Permitted<Manage>,
) -> Result<Response, Problem> {
    let owner = caller.to_caller();
    state.engine.delete_poll(id, Actor::Caller(&owner)).await?;
    Ok(with_session(StatusCode::NO_CONTENT, &caller, &state))
}

/// Returns a poll as its owner sees it.
fn owner_body(snapshot: &PollSnapshot, uri: &Uri, state: &AppState) -> Json<PollBody> {
    let presentation = Presentation {
        pages: state.config.page_prefix(uri),
        host_fields: true,
    };
    Json(PollBody::new(snapshot, &presentation))
}

/// Returns the response with the session cookie, if it is to be renewed.
fn with_session(body: impl IntoResponse, caller: &RequestCaller, state: &AppState) -> Response {
    let mut response = body.into_response();
    caller.set_session_cookie(&mut response, state);
    response
}
