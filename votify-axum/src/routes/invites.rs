//! Invite codes: one vote per code.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use votify_core::voter::InviteCode;
use votify_core::{Actor, Poll};

use crate::dto::invites::{self, InviteCountsBody, InvitesBody, NewInvites};
use crate::error::{ErrorCode, Problem, error_responses};
use crate::extract::caller::RequestCaller;
use crate::extract::json::JsonBody;
use crate::extract::path::PollPath;
use crate::extract::permitted::{Invite, Permitted};
use crate::extract::query::QueryReader;
use crate::extract::table_format::TableFormat;
use crate::rate_limit::{VoteRate, creation};
use crate::routes::response::{csv_file, private};
use crate::state::AppState;

/// The limit of requests that create codes.
pub(crate) const REQUESTS: VoteRate = VoteRate {
    session_scope: "invite-session",
    address_scope: "invite-address",
    session_unit: "requests for invite codes of one session",
    address_unit: "requests for invite codes without a session from one network address",
};

error_responses!(InviteErrors:
    MalformedJson, MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, NotOwner, OriginNotAllowed,
    PollNotFound, PollClosed, NotByInvite, RequestTimeout, BodyTooLarge, UnsupportedMediaType,
    InvalidInvites, InvalidQuery, RateLimited, StoreUnavailable, PollKeyUnknown, Overloaded,
    Internal);

/// Creates invite codes for a poll whose `voters` are `invite`. Only for its owner.
///
/// Each code is valid for one vote, with `?invite=CODE`. Only this response contains the
/// codes; the server does not store them. The response is JSON, or a table with `Accept:
/// text/csv` or `format=csv`. At most 10 000 codes per request, and 100 000 per poll. The
/// server also limits the codes of an owner and of an address per day. In `/api/docs`, first
/// create a poll from the example by invite.
#[utoipa::path(
    post,
    path = "/api/polls/{id}/invites",
    tag = "polls",
    security(("owner" = [])),
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("format" = inline(Option<TableFormat>), Query, description = "Takes precedence over `Accept`"),
    ),
    request_body = NewInvites,
    responses(
        (status = 201, description = "The codes", content(
            (InvitesBody = "application/json"),
            (String = "text/csv"),
        )),
        InviteErrors,
    )
)]
pub(crate) async fn create_invites(
    State(state): State<AppState>,
    PollPath(id): PollPath,
    OriginalUri(uri): OriginalUri,
    Permitted(mut caller, ..): Permitted<Invite>,
    headers: HeaderMap,
    mut query: QueryReader,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let format = TableFormat::read(&mut query, &headers);
    let format = query.finish(format)?;
    let count = invites::read(body)
        .map_err(|errors| Problem::field_errors(ErrorCode::InvalidInvites, errors))?;
    let rate_limit = REQUESTS.acquire(&state, &mut caller).await?;
    let owner = caller.to_caller();
    let poll = state.engine.authorize_owner(id, &owner).await?;
    let pages = state.config.page_prefix(&uri);
    let page = pages.map(|pages| format!("{pages}{id}"));
    let size = invites::max_size(count, page.as_deref());
    let reserved = state.reserve_response(size, caller.address_block())?;
    let codes = create_codes(&poll, count, &caller, &state).await?;
    let invites = InvitesBody::new(&codes, page.as_deref());
    let mut response = match format {
        TableFormat::Json => Json(invites).into_response(),
        TableFormat::Csv => csv_file(&format!("invites-{id}"), invites.to_csv()),
    };
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.append(header::VARY, HeaderValue::from_static("Accept"));
    if let Some(rate_limit) = rate_limit {
        rate_limit.write_to(headers);
    }
    response.extensions_mut().insert(reserved);
    caller.set_session_cookie(&mut response, &state);
    Ok(response)
}

/// Creates codes as the owner of a poll, within the limits.
///
/// # Errors
/// - `not_owner`, `not_by_invite`, `poll_closed`, `invalid_invites`, `rate_limited`: no code
///   was created, and none counts toward the limits.
/// - `store_unavailable`: the codes may exist and are lost; create others.
pub(crate) async fn create_codes(
    poll: &Poll,
    count: u32,
    caller: &RequestCaller,
    state: &AppState,
) -> Result<Vec<InviteCode>, Problem> {
    state.engine.check_invites(poll.id, count).await?;
    creation::acquire_invites(state, caller, poll, count).await?;
    let owner = caller.to_caller();
    let actor = Actor::Caller(&owner);
    let created = state.engine.create_invites(poll.id, count, actor).await;
    Ok(created?)
}

error_responses!(InviteCountErrors:
    MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, NotOwner, PollNotFound, NotByInvite,
    RateLimited, StoreUnavailable, PollKeyUnknown, Overloaded, Internal);

/// Counts the invite codes of a poll. Only for its owner.
///
/// `used` and `left` are absent while the owner may not see counts.
#[utoipa::path(
    get,
    path = "/api/polls/{id}/invites",
    tag = "polls",
    security(("owner" = [])),
    params(("id" = Uuid, Path, description = "The poll")),
    responses((status = 200, body = InviteCountsBody, description = "The number of codes"), InviteCountErrors)
)]
pub(crate) async fn count_invites(
    State(state): State<AppState>,
    PollPath(id): PollPath,
    Permitted(caller, ..): Permitted<Invite>,
) -> Result<Response, Problem> {
    let owner = caller.to_caller();
    let counts = state
        .engine
        .invite_counts(id, Actor::Caller(&owner))
        .await?;
    let mut response = private(InviteCountsBody::from(counts));
    caller.set_session_cookie(&mut response, &state);
    Ok(response)
}
