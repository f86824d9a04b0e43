//! The caller's own polls, from any browser in which they are logged in.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::store::PollFilter;

use super::ListPage;
use super::query::{Choice, ListQuery};
use crate::authorize::Action;
use crate::error::Problem;
use crate::ui::done::Done;
use crate::ui::layout::{Head, Layout};
use crate::ui::page::Page;

#[derive(Template)]
#[template(path = "mine.html")]
struct MineTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    list: ListPage,
    statuses: Vec<Choice>,
    /// True if the list has all statuses.
    is_unfiltered: bool,
    /// True right after a poll was deleted.
    is_deleted: bool,
}

pub(in crate::ui) async fn show(page: Page) -> Result<Response, Problem> {
    page.permit(Action::ListOwn).await?;
    let query = ListQuery::mine(&page);
    let owners = page.state.engine.owner_ids(&page.caller()).await?;
    let list = if owners.is_empty() {
        // A filter without owners would list all polls.
        ListPage::default()
    } else {
        let filter = PollFilter {
            visibility: None,
            owners,
            ..query.filter().unwrap_or_default()
        };
        ListPage::read(&page, &query, &filter).await?
    };
    let mut statuses = query.statuses(|path| page.layout.url(path));
    // All of them come first here: that is the default.
    statuses.rotate_right(1);
    let template = MineTemplate {
        layout: &page.layout,
        head: Head::new("My polls").private(),
        list,
        statuses,
        is_unfiltered: query.is_default(),
        is_deleted: Done::of(&page) == Some(Done::Deleted),
    };
    Ok(page.render(StatusCode::OK, &template))
}
