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
                pages: count.total.div_ceil(request.limit()),
                next: page.next.map(|cursor| cursor.to_string()),
            },
        }
    }
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
