use serde::Serialize;
use utoipa::ToSchema;
use votify_core::engine::PollSnapshot;
use votify_core::store::PollCount;
use votify_core::{Page, PageRequest};

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
    pub(crate) fn new(page: &Page<PollSnapshot>, request: &PageRequest, count: PollCount) -> Self {
        Self {
            polls: page.items.iter().map(PollBody::from).collect(),
            pagination: Pagination {
                page: request.page(),
                limit: request.limit(),
                total: count.total,
                total_is_more: count.is_more,
                pages: pages(count.total, request.limit()),
                next: page.next.map(|cursor| cursor.to_string()),
            },
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

impl TrendingBody {
    pub(crate) fn new(page: &Page<PollSnapshot>) -> Self {
        Self {
            polls: page.items.iter().map(PollBody::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
