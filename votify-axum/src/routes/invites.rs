//! Invite codes: one vote per code.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use votify_core::voter::InviteCode;
use votify_core::{Actor, Poll, PollId};

use crate::dto::invites::{self, InviteCountsBody, InvitesBody, NewInvites};
use crate::error::{ErrorCode, Problem, error_responses};
use crate::extract::caller::RequestCaller;
use crate::extract::json::JsonBody;
use crate::extract::path::PollPath;
use crate::extract::permitted::{Invite, Permitted};
use crate::extract::query::QueryReader;
use crate::rate_limit::{VoteRate, creation};
use crate::routes::response::private;
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

const FORMATS: [(&str, Format); 2] = [("json", Format::Json), ("csv", Format::Csv)];

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
        ("format" = Option<String>, Query, description = "`json` or `csv`. Takes precedence over `Accept`"),
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
    Permitted(caller, ..): Permitted<Invite>,
    headers: HeaderMap,
    mut query: QueryReader,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let format = query.keyword("format", &FORMATS);
    let format = query.finish(format)?;
    let count = invites::read(body)
        .map_err(|errors| Problem::field_errors(ErrorCode::InvalidInvites, errors))?;
    let rate_limit = REQUESTS.acquire(&state, &caller).await?;
    let owner = caller.to_caller();
    let poll = state.engine.authorize_owner(id, &owner).await?;
    let pages = state.config.page_prefix(&uri);
    let page = pages.map(|pages| format!("{pages}{id}"));
    let size = invites::max_size(count, page.as_deref());
    let reserved = state.reserve_response(size, caller.address_block())?;
    let codes = create_codes(&poll, count, &caller, &state).await?;
    let invites = InvitesBody::new(&codes, page.as_deref());
    let mut response = match format.unwrap_or_else(|| accepted_format(&headers)) {
        Format::Json => Json(invites).into_response(),
        Format::Csv => csv_response(id, &invites),
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

/// Returns codes as a file.
pub(crate) fn csv_response(poll: PollId, invites: &InvitesBody) -> Response {
    let mut response = invites.to_csv().into_response();
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static("text/csv; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, content_type);
    let disposition = format!("attachment; filename=\"invites-{poll}.csv\"");
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// Returns the supported format that `Accept` lists first.
fn accepted_format(headers: &HeaderMap) -> Format {
    let lines = headers.get_all(header::ACCEPT).iter();
    let types = lines.filter_map(|line| line.to_str().ok());
    let types = types.flat_map(|line| line.split(','));
    let mut formats = types.filter_map(|entry| match entry.split(';').next()?.trim() {
        "text/csv" => Some(Format::Csv),
        "application/json" => Some(Format::Json),
        _ => None,
    });
    formats.next().unwrap_or(Format::Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_supported_type_is_sent() {
        let format = |accept: &str| {
            let accept = HeaderValue::try_from(accept).unwrap();
            accepted_format(&HeaderMap::from_iter([(header::ACCEPT, accept)]))
        };
        for csv in ["text/csv", "text/html, text/csv;q=0.9, */*"] {
            assert_eq!(format(csv), Format::Csv, "{csv}");
        }
        for json in ["*/*", "", "application/json, text/csv", "text/plain"] {
            assert_eq!(format(json), Format::Json, "{json}");
        }
    }
}
