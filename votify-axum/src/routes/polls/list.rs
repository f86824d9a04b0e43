use axum::extract::State;
use axum::response::Response;
use votify_core::backend::search_words;
use votify_core::poll::CATEGORY_MAX;
use votify_core::store::PageError;
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PageRequest, PollCursor, PollStatus};

use crate::dto::listing::{PageBody, TrendingBody, page_json, trending_json};
use crate::error::{Problem, error_responses};
use crate::extract::permitted::{List, Permitted};
use crate::extract::query::QueryReader;
use crate::routes::response::private_json;
use crate::state::AppState;

/// Maximum number of characters of a search.
const MAX_SEARCH_LENGTH: usize = 200;
/// Maximum number of words of a search.
const MAX_SEARCH_WORDS: usize = 8;
/// Maximum number of characters of a cursor.
const MAX_CURSOR_LENGTH: usize = 64;
const DEFAULT_TRENDING_LIMIT: u32 = 10;
const STATUS: [(&str, Option<PollStatus>); 5] = [
    ("active", Some(PollStatus::Open)),
    ("scheduled", Some(PollStatus::Scheduled)),
    ("open", Some(PollStatus::Open)),
    ("closed", Some(PollStatus::Closed)),
    ("all", None),
];
const SORT: [(&str, PollOrder); 3] = [
    ("newest", PollOrder::Newest),
    ("closing", PollOrder::Closing),
    ("trending", PollOrder::Trending),
];

error_responses!(ListErrors:
    NotLoggedIn, InvalidLogin, NotAllowed, InvalidQuery, StoreUnavailable, Internal);

/// Lists polls by page. Defaults to open polls.
#[utoipa::path(
    get,
    path = "/api/polls",
    tag = "polls",
    params(
        ("page" = Option<u32>, Query, minimum = 1, maximum = 10_000, description = "The page. Defaults to 1. Pages end within the first 10 000 polls; continue with `after`"),
        ("after" = Option<String>, Query, max_length = 64, description = "The `next` of the previous page, with the same filters. Pages after a cursor neither repeat nor skip a poll"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Polls per page. Defaults to 20"),
        ("status" = Option<String>, Query, description = "`open`, `active` (the same as `open`), `scheduled`, `closed` or `all`. Defaults to `active`"),
        ("category" = Option<String>, Query, max_length = 100, description = "The exact category"),
        ("q" = Option<String>, Query, max_length = 200, description = "Up to 8 words of the title"),
        ("sort" = Option<String>, Query, description = "`newest`, `closing` or `trending`. Defaults to `newest`"),
    ),
    responses((status = 200, body = PageBody), ListErrors)
)]
pub(crate) async fn list_polls(
    State(state): State<AppState>,
    _: Permitted<List>,
    mut query: QueryReader,
) -> Result<Response, Problem> {
    let filter = PollFilter {
        status: query
            .keyword("status", &STATUS)
            .unwrap_or(Some(PollStatus::Open)),
        category: query.string("category", CATEGORY_MAX),
        words: search(&mut query),
        order: query.keyword("sort", &SORT).unwrap_or_default(),
        ..PollFilter::default()
    };
    let request = page_request(&mut query, &filter);
    let (request, filter) = query.finish((request, filter))?;
    let engine = &state.engine;
    let page = engine.list_polls(&filter, &request).await?;
    let total = engine.total_polls(&filter, &request, &page).await?;
    Ok(private_json(page_json(&page, &request, total)))
}

/// Lists the open polls with the most recent activity. Activity decays over time.
#[utoipa::path(
    get,
    path = "/api/trending",
    tag = "polls",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Number of polls. Defaults to 10")),
    responses((status = 200, body = TrendingBody), ListErrors)
)]
pub(crate) async fn trending(
    State(state): State<AppState>,
    _: Permitted<List>,
    mut query: QueryReader,
) -> Result<Response, Problem> {
    let limit = limit(&mut query, DEFAULT_TRENDING_LIMIT);
    let page = PageRequest::new(1, limit).unwrap_or(PageRequest::FIRST);
    let page = query.finish(page)?;
    let filter = PollFilter {
        status: Some(PollStatus::Open),
        order: PollOrder::Trending,
        ..PollFilter::default()
    };
    let polls = state.engine.list_polls(&filter, &page).await?;
    Ok(private_json(trending_json(&polls)))
}

/// Reads the search terms. Too many are an error.
fn search(query: &mut QueryReader) -> Vec<String> {
    let text = query.string("q", MAX_SEARCH_LENGTH).unwrap_or_default();
    let terms = search_words(&text);
    if terms.len() > MAX_SEARCH_WORDS {
        query.add_error(
            "q",
            format!("must be at most {MAX_SEARCH_WORDS} different words"),
        );
        return Vec::new();
    }
    terms
}

/// Reads the page number or the cursor of a list.
fn page_request(query: &mut QueryReader, filter: &PollFilter) -> PageRequest {
    let page = query.parse("page", &PageError::Page.to_string());
    let limit = limit(query, PageRequest::FIRST.limit());
    let after = query.string("after", MAX_CURSOR_LENGTH);
    if page.is_some() && after.is_some() {
        query.add_error("after", "must not be combined with page");
    }
    let request = match after {
        Some(text) => match PollCursor::parse(&text, filter) {
            Ok(cursor) => PageRequest::after(cursor, limit),
            Err(error) => {
                query.add_error("after", error.to_string());
                return PageRequest::FIRST;
            }
        },
        None => PageRequest::new(page.unwrap_or(1), limit),
    };
    request.unwrap_or_else(|error| {
        query.add_error("page", error.to_string());
        PageRequest::FIRST
    })
}

/// Reads the limit. Returns `default` if the limit is absent or invalid.
fn limit(query: &mut QueryReader, default: u32) -> u32 {
    let expected = PageError::Limit.to_string();
    let Some(limit) = query.parse("limit", &expected) else {
        return default;
    };
    if (1..=PageRequest::MAX_LIMIT).contains(&limit) {
        return limit;
    }
    query.add_error("limit", expected);
    default
}
