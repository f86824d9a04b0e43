//! The public list, with a search.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::store::{PollFilter, PollOrder};
use votify_core::{PageRequest, PollStatus};

use super::query::{Choice, ListQuery};
use super::row::PollRow;
use super::{ListPage, rows};
use crate::authorize::Action;
use crate::error::Problem;
use crate::ui::layout::{Head, Layout};
use crate::ui::page::Page;

/// Maximum number of trending polls.
const TRENDING: usize = 3;
/// Maximum number of links to categories.
const CATEGORIES: usize = 12;

#[derive(Template)]
#[template(path = "polls.html")]
struct PollsTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    list: ListPage,
    trending: Vec<PollRow>,
    search: &'a str,
    /// What is wrong with the search, or empty.
    search_error: &'static str,
    category: &'a str,
    /// The URL of this list with all categories.
    all_categories: String,
    /// Names and URLs of the categories of the polls on this page.
    categories: Vec<(String, String)>,
    statuses: Vec<Choice>,
    sorts: Vec<Choice>,
    /// True if nothing was searched or chosen.
    is_unfiltered: bool,
}

pub(in crate::ui) async fn show(page: Page) -> Result<Response, Problem> {
    page.permit(Action::List).await?;
    let query = ListQuery::public(&page);
    let (list, search_error) = match query.filter() {
        Ok(filter) => (ListPage::read(&page, &query, &filter).await?, ""),
        Err(error) => (ListPage::default(), error),
    };
    let trending = if query.is_default() {
        trending(&page).await?
    } else {
        Vec::new()
    };
    let url = |path: &str| page.layout.url(path);
    let template = PollsTemplate {
        layout: &page.layout,
        head: Head::new("Polls").description("Public polls to vote in and to follow live."),
        categories: categories(trending.iter().chain(&list.rows)),
        list,
        trending,
        search: &query.search,
        search_error,
        category: &query.category,
        all_categories: url(&query.without_category().path()),
        statuses: query.statuses(url),
        sorts: query.sorts(url),
        is_unfiltered: query.is_default(),
    };
    let status = if search_error.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    Ok(page.render(status, &template))
}

/// Returns the open polls with the most recent activity, without those nobody voted in.
async fn trending(page: &Page) -> Result<Vec<PollRow>, Problem> {
    let filter = PollFilter {
        status: Some(PollStatus::Open),
        order: PollOrder::Trending,
        ..PollFilter::default()
    };
    let polls = page
        .state
        .engine
        .list_polls(&filter, &PageRequest::FIRST)
        .await?;
    let voted = polls.items.iter().map(|poll| poll.view.total_votes());
    let voted: Vec<bool> = voted
        .map(|votes| votes.is_some_and(|votes| votes > 0))
        .collect();
    let rows = rows(page, &polls).into_iter().zip(voted);
    Ok(rows
        .filter_map(|(row, voted)| voted.then_some(row))
        .take(TRENDING)
        .collect())
}

/// Returns each category once, in the order of the polls.
fn categories<'a>(rows: impl Iterator<Item = &'a PollRow>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for row in rows.filter(|row| !row.category.is_empty()) {
        if found.len() < CATEGORIES && found.iter().all(|(name, _)| *name != row.category) {
            found.push((row.category.clone(), row.category_url.clone()));
        }
    }
    found
}
