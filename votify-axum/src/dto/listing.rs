use serde::Serialize;
use utoipa::ToSchema;
use votify_core::engine::PollSnapshot;
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
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Pagination {
    page: u32,
    limit: u32,
    /// Number of polls on all pages.
    total: u64,
    pages: u64,
}

impl PageBody {
    pub(crate) fn new(page: &Page<PollSnapshot>, request: &PageRequest) -> Self {
        Self {
            polls: page.items.iter().map(PollBody::from).collect(),
            pagination: Pagination {
                page: request.page(),
                limit: request.limit(),
                total: page.total,
                pages: page.pages(request),
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
