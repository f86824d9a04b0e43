use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use votify_core::engine::PollSnapshot;
use votify_core::{Poll, ResultsPolicy};

use super::conditional_response;
use crate::dto::result::ResultBody;
use crate::dto::result_table;
use crate::error::{ErrorCode, Problem, error_responses};
use crate::extract::invite;
use crate::extract::path::PollPath;
use crate::extract::permitted::{Permitted, View};
use crate::extract::query::QueryReader;
use crate::extract::table_format::TableFormat;
use crate::routes::etag::etag;
use crate::routes::response::csv_file;
use crate::state::AppState;

error_responses!(ResultsErrors:
    MalformedId, NotLoggedIn, InvalidLogin, NotAllowed, ResultsHidden, PollNotFound, InvalidQuery,
    RateLimited, StoreUnavailable, Overloaded, Internal);

/// Returns the result of a poll.
///
/// The response is JSON, or a table of the counts with `format=csv` or `Accept: text/csv`.
/// While the counts are hidden from the caller, the JSON has none, and the table is refused
/// with 403 `results_hidden`. In a table, texts that a spreadsheet would take for a formula
/// begin with an apostrophe.
#[utoipa::path(
    get,
    path = "/api/polls/{id}/results",
    tag = "polls",
    params(
        ("id" = Uuid, Path, description = "The poll"),
        ("format" = inline(Option<TableFormat>), Query, description = "Takes precedence over `Accept`"),
        ("invite" = Option<String>, Query, description = "The voter's invite code, for counts that only voters see"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier response"),
    ),
    responses(
        (
            status = 200,
            description = "The result",
            headers(("ETag" = String, description = "Changes with what the caller sees")),
            content((ResultBody = "application/json"), (String = "text/csv")),
        ),
        (status = 304, description = "Unchanged since that `ETag`"),
        ResultsErrors,
    )
)]
pub(crate) async fn get_results(
    State(state): State<AppState>,
    PollPath(id): PollPath,
    Permitted(caller, ..): Permitted<View>,
    headers: HeaderMap,
    mut query: QueryReader,
) -> Result<Response, Problem> {
    let format = TableFormat::read(&mut query, &headers);
    // Read with the caller.
    query.take(invite::PARAMETER);
    let format = query.finish(format)?;
    let (snapshot, result) = state.engine.result(id, &caller.to_caller()).await?;
    let mut response = match format {
        TableFormat::Json => conditional_response(etag(&snapshot, ""), &headers, || {
            Json(ResultBody::new(&snapshot, &result)).into_response()
        }),
        TableFormat::Csv => table(&snapshot, &headers)?,
    };
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

fn table(snapshot: &PollSnapshot, headers: &HeaderMap) -> Result<Response, Problem> {
    let PollSnapshot { poll, view, .. } = snapshot;
    let table = result_table::to_csv(poll, view).map_err(|error| Problem::internal(&error))?;
    let table = table.ok_or_else(|| results_hidden(poll))?;
    let name = format!("results-{}", poll.id);
    Ok(conditional_response(
        etag(snapshot, "-csv"),
        headers,
        || csv_file(&name, table),
    ))
}

/// Returns the problem of a caller who may not see the counts.
fn results_hidden(poll: &Poll) -> Problem {
    let detail = match (poll.rules.results, poll.closes_at) {
        (ResultsPolicy::AfterClose, Some(time)) => {
            format!("the counts are shown once the poll is closed, at {time}")
        }
        (ResultsPolicy::AfterClose, None) => {
            "the counts are shown once the poll is closed".to_owned()
        }
        _ => "the counts are shown to voters: vote first".to_owned(),
    };
    Problem::new(ErrorCode::ResultsHidden).with_detail(detail)
}
