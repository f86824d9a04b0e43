//! The lists of polls: one's own and the public one.

mod mine;
mod public;
mod query;
mod row;

pub(super) use mine::show as mine;
pub(super) use public::show as public;

use votify_core::engine::PollPage;
use votify_core::store::{PollCount, PollFilter};
use votify_core::{PageRequest, PollCursor};

use self::query::ListQuery;
use self::row::PollRow;
use super::page::Page;
use super::times::plural;
use crate::error::Problem;

/// One page of a list.
#[derive(Debug, Default)]
struct ListPage {
    rows: Vec<PollRow>,
    /// The number of polls on all pages, such as `20 polls`. Empty without polls.
    total: String,
    /// The URL of the next page, or empty.
    next: String,
    /// The URL of the first page, or empty if this is it.
    first: String,
}

impl ListPage {
    /// Reads a page. A malformed cursor leads to the first page.
    async fn read(page: &Page, query: &ListQuery, filter: &PollFilter) -> Result<Self, Problem> {
        let engine = &page.state.engine;
        let cursor = PollCursor::parse(&query.after, filter).ok();
        let request = cursor
            .and_then(|cursor| PageRequest::after(cursor, PageRequest::FIRST.limit()).ok())
            .unwrap_or(PageRequest::FIRST);
        let polls = engine.list_polls(filter, &request).await?;
        let total = engine.total_polls(filter, &request, &polls).await?;
        Ok(Self {
            rows: rows(page, &polls),
            total: total_text(total),
            next: polls.next.map_or_else(String::new, |next| {
                page.layout.url(&query.with_after(&next.to_string()).path())
            }),
            first: match cursor {
                Some(_) => page.layout.url(&query.with_after("").path()),
                None => String::new(),
            },
        })
    }
}

fn rows(page: &Page, polls: &PollPage) -> Vec<PollRow> {
    let now = page.state.engine.now();
    let rows = polls.items.iter();
    rows.map(|poll| PollRow::new(poll, &page.layout, now))
        .collect()
}

fn total_text(count: PollCount) -> String {
    match count {
        PollCount { total: 0, .. } => String::new(),
        PollCount { total, is_more } => {
            let more = if is_more { "More than " } else { "" };
            format!("{more}{}", plural(total.into(), "poll"))
        }
    }
}
