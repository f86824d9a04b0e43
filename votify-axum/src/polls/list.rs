use axum::extract::State;
use axum::response::Response;
use votify_core::backend::search_terms;
use votify_core::poll::CATEGORY_MAX;
use votify_core::store::PageError;
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PageRequest, PollStatus};

use crate::caller::RequestCaller;
use crate::dto::listing::{PageBody, TrendingBody};
use crate::polls::private;
use crate::problem::{Problem, refusals};
use crate::query::QueryFields;
use crate::shared::Shared;

/// The most characters of a search.
const SEARCH_MAX: usize = 200;
/// The most words of a search: each costs the store a comparison for every poll.
const WORDS_MAX: usize = 8;
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

refusals!(ListRefusals: InvalidLogin, InvalidQuery, StoreUnavailable, Internal);

/// Polls, page by page; those that are open unless told otherwise.
#[utoipa::path(
    get,
    path = "/api/polls",
    tag = "polls",
    params(
        ("page" = Option<u32>, Query, minimum = 1, maximum = 10_000, description = "From 1"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "20 unless told otherwise"),
        ("status" = Option<String>, Query, description = "`active` (the default) and `open` are the same; `scheduled`, `closed`, `all`"),
        ("category" = Option<String>, Query, max_length = 100, description = "Exactly this category"),
        ("q" = Option<String>, Query, max_length = 200, description = "Up to 8 words of the title"),
        ("sort" = Option<String>, Query, description = "`newest` (the default), `closing`, `trending`"),
    ),
    responses((status = 200, body = PageBody), ListRefusals)
)]
pub(crate) async fn list_polls(
    State(shared): State<Shared>,
    caller: RequestCaller,
    mut query: QueryFields,
) -> Result<Response, Problem> {
    let page = page_request(&mut query, PageRequest::FIRST.limit());
    let filter = PollFilter {
        status: query
            .word("status", &STATUS)
            .unwrap_or(Some(PollStatus::Open)),
        category: query.text("category", CATEGORY_MAX),
        words: search(&mut query),
        order: query.word("sort", &SORT).unwrap_or_default(),
        ..PollFilter::default()
    };
    let (page, filter) = query.finish((page, filter))?;
    let found = shared
        .engine
        .list_polls(&filter, &page, &caller.voter())
        .await?;
    Ok(private(PageBody::new(&found, &page)))
}

/// The open polls with the most recent activity, which fades over time.
#[utoipa::path(
    get,
    path = "/api/trending",
    tag = "polls",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "10 unless told otherwise")),
    responses((status = 200, body = TrendingBody), ListRefusals)
)]
pub(crate) async fn trending(
    State(shared): State<Shared>,
    caller: RequestCaller,
    mut query: QueryFields,
) -> Result<Response, Problem> {
    let limit = limit(&mut query, 10);
    let page = PageRequest::new(1, limit).unwrap_or(PageRequest::FIRST);
    let page = query.finish(page)?;
    let filter = PollFilter {
        status: Some(PollStatus::Open),
        order: PollOrder::Trending,
        ..PollFilter::default()
    };
    let found = shared
        .engine
        .list_polls(&filter, &page, &caller.voter())
        .await?;
    Ok(private(TrendingBody::new(&found)))
}

/// The words to search for; a search of too many is told.
fn search(query: &mut QueryFields) -> Vec<String> {
    let text = query.text("q", SEARCH_MAX).unwrap_or_default();
    let words = search_terms(&text);
    if words.len() > WORDS_MAX {
        query.wrong("q", format!("must be at most {WORDS_MAX} different words"));
        return Vec::new();
    }
    words
}

fn page_request(query: &mut QueryFields, default_limit: u32) -> PageRequest {
    let wrong = PageError::Page.to_string();
    let page = query.parsed("page", &wrong).unwrap_or(1);
    let limit = limit(query, default_limit);
    PageRequest::new(page, limit).unwrap_or_else(|_| {
        query.wrong("page", wrong);
        PageRequest::FIRST
    })
}

/// A limit in range; one that is not is told, and `default` stands in.
fn limit(query: &mut QueryFields, default: u32) -> u32 {
    let wrong = PageError::Limit.to_string();
    let Some(limit) = query.parsed("limit", &wrong) else {
        return default;
    };
    if (1..=PageRequest::MAX_LIMIT).contains(&limit) {
        return limit;
    }
    query.wrong("limit", wrong);
    default
}
