use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use votify_core::PageRequest;
use votify_core::engine::{ListFormat, PollPage, PollSnapshot, RenderedPolls};
use votify_core::store::PollCount;

use crate::dto::listed_poll::ListedPoll;
use crate::dto::presentation::Presentation;

/// One page of polls.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PollPage)]
pub(crate) struct PageBody {
    polls: Vec<ListedPoll>,
    pagination: Pagination,
}

/// The position of the page.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Pagination {
    /// The number of the page. `null` for a page after a cursor.
    page: Option<u32>,
    limit: u32,
    /// Number of polls on all pages, up to 10 000. At most 5 s old.
    total: u32,
    /// True if there are more polls than `total`.
    total_is_more: bool,
    /// Number of pages with a page number.
    pages: u32,
    /// The cursor of the next page, for `after`. `null` on the last page. A page ends
    /// early, with fewer polls than `limit`, at 1 MiB.
    next: Option<String>,
}

impl Pagination {
    fn new(
        page: &PollPage,
        rendered: &RenderedPolls,
        request: &PageRequest,
        count: PollCount,
    ) -> Self {
        Self {
            page: request.page(),
            limit: request.limit(),
            total: count.total,
            total_is_more: count.is_more,
            pages: pages(count.total, request.limit()),
            next: page
                .next_after(rendered.count)
                .map(|cursor| cursor.to_string()),
        }
    }
}

/// Returns the number of pages that can be requested by number.
fn pages(total: u32, limit: u32) -> u32 {
    let max = PageRequest::MAX_ENTRIES / limit.max(1);
    total.div_ceil(limit.max(1)).min(max)
}

/// The polls with the most recent activity, busiest first. At most 1 MiB of polls.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Trending)]
pub(crate) struct TrendingBody {
    polls: Vec<ListedPoll>,
}

/// The JSON of a list in three parts. All callers who see the same polls share the
/// second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListJson {
    pub(crate) head: Bytes,
    pub(crate) polls: Bytes,
    pub(crate) tail: Bytes,
}

/// Returns the JSON of a [`PageBody`].
pub(crate) fn page_json(
    page: &PollPage,
    format: ListFormat,
    presentation: &Presentation,
    request: &PageRequest,
    count: PollCount,
) -> ListJson {
    let rendered = rendered(page, format, presentation);
    let pagination = Pagination::new(page, &rendered, request, count);
    page_parts(&rendered, &pagination)
}

/// Returns the JSON of a [`PageBody`] without polls.
pub(crate) fn empty_page_json(request: &PageRequest) -> ListJson {
    let pagination = Pagination {
        page: request.page(),
        limit: request.limit(),
        total: 0,
        total_is_more: false,
        pages: 0,
        next: None,
    };
    let rendered = RenderedPolls {
        bytes: Bytes::from_static(b"[]"),
        count: 0,
    };
    page_parts(&rendered, &pagination)
}

fn page_parts(rendered: &RenderedPolls, pagination: &Pagination) -> ListJson {
    let pagination = serde_json::to_string(pagination).unwrap_or_default();
    list_json(rendered, format!(r#","pagination":{pagination}}}"#).into())
}

/// Returns the JSON of a [`TrendingBody`].
pub(crate) fn trending_json(
    page: &PollPage,
    format: ListFormat,
    presentation: &Presentation,
) -> ListJson {
    let rendered = rendered(page, format, presentation);
    list_json(&rendered, Bytes::from_static(b"}"))
}

fn rendered(page: &PollPage, format: ListFormat, presentation: &Presentation) -> RenderedPolls {
    page.rendered(format, &presentation.variant(), |polls| {
        render_polls(polls, format, presentation)
    })
}

fn list_json(rendered: &RenderedPolls, tail: Bytes) -> ListJson {
    ListJson {
        head: Bytes::from_static(br#"{"polls":"#),
        polls: rendered.bytes.clone(),
        tail,
    }
}

/// Renders polls as a JSON array, up to [`ListFormat::MAX_BYTES`].
fn render_polls(
    polls: &[PollSnapshot],
    format: ListFormat,
    presentation: &Presentation,
) -> RenderedPolls {
    let mut json = vec![b'['];
    let mut count = 0;
    for poll in polls {
        let end = json.len();
        if count > 0 {
            json.push(b',');
        }
        // Never fails: the keys of all maps are texts.
        let _ = serde_json::to_writer(&mut json, &ListedPoll::new(poll, format, presentation));
        if count > 0 && json.len() >= ListFormat::MAX_BYTES {
            json.truncate(end);
            break;
        }
        count += 1;
    }
    json.push(b']');
    RenderedPolls {
        // Readers hold these bytes. The buffer has up to twice as many, and allocators do
        // not shrink it.
        bytes: Bytes::copy_from_slice(&json),
        count,
    }
}

#[cfg(test)]
mod tests;
