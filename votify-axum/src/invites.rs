//! InviteOutcome voters, one code for each.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use votify_core::PollId;

use crate::caller::RequestCaller;
use crate::config::Config;
use crate::dto::invites::{self, InvitesBody, NewInvites};
use crate::json::JsonBody;
use crate::limits;
use crate::mount::root;
use crate::path::PollPath;
use crate::problem::{Code, Problem, refusals};
use crate::query::QueryFields;
use crate::shared::Shared;

refusals!(InviteRefusals:
    MalformedJson, MalformedId, InvalidLogin, NotOwner, OriginNotAllowed, PollNotFound, PollClosed, NotByInvite,
    RequestTimeout, BodyTooLarge, UnsupportedMediaType, InvalidInvites, InvalidQuery, RateLimited, StoreUnavailable, Internal);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

const FORMATS: [(&str, Format); 2] = [("json", Format::Json), ("csv", Format::Csv)];

/// Makes codes for a poll whose `voters` are `invite`; for its owner only.
///
/// With each code one vote can be cast, by whoever brings it as `?invite=CODE`. Codes are told this once, as JSON or, with
/// `Accept: text/csv` or `format=csv`, as a table; the server does not keep them. At most 10 000 are made at once, and 100 000
/// for one poll.
#[utoipa::path(
    post,
    path = "/api/polls/{id}/invites",
    tag = "polls",
    security(("owner" = [])),
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("format" = Option<String>, Query, description = "`json` or `csv`; before what `Accept` says"),
    ),
    request_body = NewInvites,
    responses(
        (status = 201, description = "The codes, this once", content(
            (InvitesBody = "application/json"),
            (String = "text/csv"),
        )),
        InviteRefusals,
    )
)]
pub(crate) async fn make_invites(
    State(shared): State<Shared>,
    PollPath(id): PollPath,
    OriginalUri(uri): OriginalUri,
    caller: RequestCaller,
    headers: HeaderMap,
    mut query: QueryFields,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let format = query.word("format", &FORMATS);
    let format = query.finish(format)?;
    let count =
        invites::read(body).map_err(|problems| Problem::fields(Code::InvalidInvites, problems))?;
    let rate_limit = limits::invite_attempt(&shared, &caller).await?;
    shared.engine.authorize_owner(id, &caller.voter()).await?;
    let codes = shared.engine.create_invites(id, count).await?;
    let page = page(&shared.config, &uri, id);
    let invites = InvitesBody::new(&codes, page.as_deref());
    let mut response = match format.unwrap_or_else(|| accepted(&headers)) {
        Format::Json => Json(invites).into_response(),
        Format::Csv => table(id, &invites),
    };
    *response.status_mut() = StatusCode::CREATED;
    let told = response.headers_mut();
    told.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    told.append(header::VARY, HeaderValue::from_static("Accept"));
    if let Some(rate_limit) = rate_limit {
        rate_limit.write_to(told);
    }
    caller.sign(&mut response, &shared);
    Ok(response)
}

fn table(poll: PollId, invites: &InvitesBody) -> Response {
    let mut response = invites.to_csv().into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    let name = format!("attachment; filename=\"invites-{poll}.csv\"");
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

/// Whichever of the two is named first.
fn accepted(headers: &HeaderMap) -> Format {
    let lines = headers.get_all(header::ACCEPT).iter();
    let kinds = lines.filter_map(|line| line.to_str().ok());
    let kinds = kinds.flat_map(|line| line.split(','));
    let known = kinds.filter_map(|kind| match kind.split(';').next()?.trim() {
        "text/csv" => Some(Format::Csv),
        "application/json" => Some(Format::Json),
        _ => None,
    });
    known.into_iter().next().unwrap_or(Format::Json)
}

/// Where a poll's page is, if the pages are served.
fn page(config: &Config, uri: &Uri, id: PollId) -> Option<String> {
    #[cfg(feature = "ui")]
    if config.pages {
        let origin = config
            .public_url
            .as_ref()
            .map(|url| url.origin().to_string());
        let root = root(config, uri, &format!("/api/polls/{id}/invites"));
        return Some(format!("{}{root}/p/{id}", origin.unwrap_or_default()));
    }
    let _ = (config, uri, id, root);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_that_is_named_first_is_sent() {
        let of = |accept: &str| {
            let accept = HeaderValue::try_from(accept).unwrap();
            accepted(&HeaderMap::from_iter([(header::ACCEPT, accept)]))
        };
        for csv in ["text/csv", "text/html, text/csv;q=0.9, */*"] {
            assert_eq!(of(csv), Format::Csv, "{csv}");
        }
        for json in ["*/*", "", "application/json, text/csv", "text/plain"] {
            assert_eq!(of(json), Format::Json, "{json}");
        }
    }
}
