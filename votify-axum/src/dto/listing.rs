use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use votify_core::PageRequest;
use votify_core::engine::{PollPage, PollSnapshot};
use votify_core::store::PollCount;

use crate::dto::poll::PollBody;

/// One page of polls.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PollPage)]
pub(crate) struct PageBody {
    polls: Vec<PollBody>,
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
    /// The cursor of the next page, for `after`. `null` on the last page.
    next: Option<String>,
}

impl PageBody {
    #[cfg(test)]
    fn new(page: &PollPage, request: &PageRequest, count: PollCount) -> Self {
        Self {
            polls: page.items.iter().map(PollBody::from).collect(),
            pagination: Pagination::new(page, request, count),
        }
    }
}

impl Pagination {
    fn new(page: &PollPage, request: &PageRequest, count: PollCount) -> Self {
        Self {
            page: request.page(),
            limit: request.limit(),
            total: count.total,
            total_is_more: count.is_more,
            pages: pages(count.total, request.limit()),
            next: page.next.map(|cursor| cursor.to_string()),
        }
    }
}

/// Returns the number of pages that can be requested by number.
fn pages(total: u32, limit: u32) -> u32 {
    let max = PageRequest::MAX_ENTRIES / limit.max(1);
    total.div_ceil(limit.max(1)).min(max)
}

/// The polls with the most recent activity, busiest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Trending)]
pub(crate) struct TrendingBody {
    polls: Vec<PollBody>,
}

#[cfg(test)]
impl From<&PollPage> for TrendingBody {
    fn from(page: &PollPage) -> Self {
        Self {
            polls: page.items.iter().map(PollBody::from).collect(),
        }
    }
}

/// Returns the JSON of a [`PageBody`]. All callers who see the same polls share one
/// rendering of them.
pub(crate) fn page_json(page: &PollPage, request: &PageRequest, count: PollCount) -> Bytes {
    let pagination = Pagination::new(page, request, count);
    let pagination = serde_json::to_string(&pagination).unwrap_or_default();
    let parts = [r#"{"polls":"#, r#","pagination":"#, &pagination, "}"];
    let [head, rest @ ..] = parts.map(str::as_bytes);
    json_with_polls(page, head, &rest)
}

/// Returns the JSON of a [`TrendingBody`]. Shares the polls as [`page_json`] does.
pub(crate) fn trending_json(page: &PollPage) -> Bytes {
    json_with_polls(page, br#"{"polls":"#, &[b"}"])
}

fn json_with_polls(page: &PollPage, head: &[u8], rest: &[&[u8]]) -> Bytes {
    let polls = page.rendered(render_polls);
    let mut json = Vec::with_capacity(
        head.len() + polls.len() + rest.iter().map(|part| part.len()).sum::<usize>(),
    );
    json.extend_from_slice(head);
    json.extend_from_slice(polls);
    rest.iter().for_each(|part| json.extend_from_slice(part));
    json.into()
}

fn render_polls(polls: &[PollSnapshot]) -> Bytes {
    let polls: Vec<PollBody> = polls.iter().map(PollBody::from).collect();
    // Never fails: the keys of all maps are texts.
    serde_json::to_vec(&polls).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use votify_core::store::PollFilter;
    use votify_core::{MemoryStore, PollDraft, PollEngine, Visibility};

    use super::*;

    #[tokio::test]
    async fn shared_rendering_equals_the_serialized_body() {
        let engine = PollEngine::new(MemoryStore::new());
        let filter = PollFilter::default();
        for polls in 0..3 {
            for limit in [1, 20] {
                let request = PageRequest::new(1, limit).unwrap();
                let page = engine.list_polls(&filter, &request).await.unwrap();
                let count = PollCount::capped(polls);
                let expected = PageBody::new(&page, &request, count);
                let expected = serde_json::to_vec(&expected).unwrap();
                for _ in 0..2 {
                    assert_eq!(page_json(&page, &request, count), expected);
                }
                let expected = serde_json::to_vec(&TrendingBody::from(&page)).unwrap();
                assert_eq!(trending_json(&page), expected);
            }
            let draft = PollDraft::single_choice("t", ["a", "b"]).visibility(Visibility::Public);
            engine.create_poll(draft).await.unwrap();
        }
    }

    #[test]
    fn every_page_number_is_accepted() {
        assert_eq!(pages(0, 20), 0);
        assert_eq!(pages(41, 20), 3);
        for limit in 1..=PageRequest::MAX_LIMIT {
            for total in [9_980, 9_999, 10_000] {
                assert!(
                    PageRequest::new(pages(total, limit), limit).is_ok(),
                    "{limit}"
                );
            }
        }
    }
}
