use axum::extract::{OriginalUri, State};
use axum::response::Response;
use votify_core::backend::search_words;
use votify_core::engine::ListFormat;
use votify_core::poll::{CATEGORY_MAX, EXTERNAL_REF_MAX};
use votify_core::store::{PageError, PollFilter, PollOrder};
use votify_core::{PageRequest, PollCursor, PollStatus, Visibility};

use crate::dto::listing::{PageBody, TrendingBody, empty_page_json, page_json, trending_json};
use crate::dto::presentation::Presentation;
use crate::error::{Problem, error_responses};
use crate::extract::permitted::{List, ListByOwner, Permitted};
use crate::extract::query::QueryReader;
use crate::routes::response::private_list;
use crate::state::AppState;

/// Maximum number of characters of a search.
pub(crate) const MAX_SEARCH_LENGTH: usize = 200;
/// Maximum number of words of a search.
pub(crate) const MAX_SEARCH_WORDS: usize = 8;
/// Maximum number of characters of a cursor.
pub(crate) const MAX_CURSOR_LENGTH: usize = 64;
const DEFAULT_TRENDING_LIMIT: u32 = 10;
/// Maximum number of polls with options.
const MAX_LIMIT_WITH_OPTIONS: u32 = 20;
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

const OWNER: [(&str, bool); 1] = [("me", true)];
const INCLUDE: [(&str, ListFormat); 1] = [("options", ListFormat::WithOptions)];

error_responses!(ListErrors:
    NotLoggedIn, InvalidLogin, NotAllowed, InvalidQuery, RateLimited, StoreUnavailable, Overloaded,
    Internal);

/// Lists polls by page. Defaults to open polls that are public.
///
/// With `owner=me` the list has the polls of the caller's account and browser session, also
/// unlisted ones.
///
/// The polls are summaries, with at most 300 characters of each description. A page has
/// at most 1 MiB of polls, so it may have fewer than `limit`; `next` shows whether others
/// follow.
#[utoipa::path(
    get,
    path = "/api/polls",
    tag = "polls",
    params(
        ("page" = Option<u32>, Query, minimum = 1, maximum = 10_000, description = "The page. Defaults to 1. Pages end within the first 10 000 polls; continue with `after`"),
        ("after" = Option<String>, Query, max_length = 64, description = "The `next` of the previous page, with the same filters. Pages after a cursor neither repeat nor skip a poll"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Polls per page. Defaults to 20, which is the maximum with `include=options`"),
        ("include" = Option<String>, Query, description = "`options`: the options of each poll"),
        ("status" = Option<String>, Query, description = "`open`, `active` (the same as `open`), `scheduled`, `closed` or `all`. Defaults to `active`"),
        ("category" = Option<String>, Query, max_length = 100, description = "The exact category"),
        ("q" = Option<String>, Query, max_length = 200, description = "Up to 8 words of the title"),
        ("owner" = Option<String>, Query, description = "`me`: the caller's own polls"),
        ("external_ref" = Option<String>, Query, max_length = 255, description = "The exact id of the host's own"),
        ("sort" = Option<String>, Query, description = "`newest`, `closing` or `trending`. Defaults to `newest`"),
    ),
    responses((status = 200, body = PageBody, description = "A page of polls"), ListErrors)
)]
pub(crate) async fn list_polls(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    Permitted(caller, ..): Permitted<ListByOwner>,
    mut query: QueryReader,
) -> Result<Response, Problem> {
    let engine = &state.engine;
    let format = format(&mut query);
    let is_own = query.keyword("owner", &OWNER).unwrap_or(false);
    let owners = if is_own {
        engine.owner_ids(&caller.to_caller()).await?
    } else {
        Vec::new()
    };
    let filter = PollFilter {
        status: query
            .keyword("status", &STATUS)
            .unwrap_or(Some(PollStatus::Open)),
        category: query.string("category", CATEGORY_MAX),
        external_ref: query.verbatim("external_ref", EXTERNAL_REF_MAX),
        words: search(&mut query),
        order: query.keyword("sort", &SORT).unwrap_or_default(),
        visibility: (!is_own).then_some(Visibility::Public),
        owners,
        ..PollFilter::default()
    };
    let request = page_request(&mut query, &filter, format);
    let (request, filter) = query.finish((request, filter))?;
    if is_own && filter.owners.is_empty() {
        // A filter without owners would list all polls.
        return private_list(empty_page_json(&request), &caller, &state);
    }
    let page = engine.list_polls(&filter, &request).await?;
    let total = engine.total_polls(&filter, &request, &page).await?;
    let presentation = Presentation {
        pages: state.config.page_prefix(&uri),
        host_fields: is_own || state.config.shows_host_fields,
    };
    let json = page_json(&page, format, &presentation, &request, total);
    private_list(json, &caller, &state)
}

/// Lists the open polls with the most recent activity. Activity decays over time.
///
/// The polls are summaries, as in the list of polls. Lists at most 1 MiB of polls.
#[utoipa::path(
    get,
    path = "/api/trending",
    tag = "polls",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Number of polls. Defaults to 10. At most 20 with `include=options`"),
        ("include" = Option<String>, Query, description = "`options`: the options of each poll"),
    ),
    responses((status = 200, body = TrendingBody, description = "Polls, the most recent votes first"), ListErrors)
)]
pub(crate) async fn trending(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    Permitted(caller, ..): Permitted<List>,
    mut query: QueryReader,
) -> Result<Response, Problem> {
    let format = format(&mut query);
    let limit = limit(&mut query, DEFAULT_TRENDING_LIMIT, format);
    let page = PageRequest::new(1, limit).unwrap_or(PageRequest::FIRST);
    let page = query.finish(page)?;
    let filter = PollFilter {
        status: Some(PollStatus::Open),
        order: PollOrder::Trending,
        ..PollFilter::default()
    };
    let polls = state.engine.list_polls(&filter, &page).await?;
    let presentation = Presentation {
        pages: state.config.page_prefix(&uri),
        host_fields: state.config.shows_host_fields,
    };
    private_list(
        trending_json(&polls, format, &presentation),
        &caller,
        &state,
    )
}

/// Reads what a list contains besides summaries.
fn format(query: &mut QueryReader) -> ListFormat {
    let format = query.keyword("include", &INCLUDE);
    format.unwrap_or(ListFormat::Summaries)
}

/// Reads the search terms. Too many are an error.
fn search(query: &mut QueryReader) -> Vec<String> {
    let text = query.string("q", MAX_SEARCH_LENGTH).unwrap_or_default();
    let terms = search_words(&text);
    if terms.is_empty() && !text.trim().is_empty() {
        query.add_error("q", "must contain a letter or a digit");
    }
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
fn page_request(query: &mut QueryReader, filter: &PollFilter, format: ListFormat) -> PageRequest {
    let page = query.parse("page", &PageError::Page.to_string());
    let limit = limit(query, PageRequest::FIRST.limit(), format);
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
fn limit(query: &mut QueryReader, default: u32, format: ListFormat) -> u32 {
    let (max, expected) = match format {
        ListFormat::Summaries => (PageRequest::MAX_LIMIT, PageError::Limit.to_string()),
        ListFormat::WithOptions => (
            MAX_LIMIT_WITH_OPTIONS,
            format!("must be between 1 and {MAX_LIMIT_WITH_OPTIONS} with include=options"),
        ),
    };
    let Some(limit) = query.parse("limit", &expected) else {
        return default;
    };
    if (1..=max).contains(&limit) {
        return limit;
    }
    query.add_error("limit", expected);
    default
}
