//! The page of a poll's result.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::engine::PollSnapshot;
use votify_core::{PollStatus, Visibility};

use super::layout::{Head, Layout};
use super::moment::Moment;
use super::page::Page;
use super::poll_status::{StatusChange, StatusLabel};
use super::result_texts::{hidden_until, outcome};
use super::standings::Standings;
use super::votes_text::votes_text;
use crate::authorize::Action;
use crate::error::Problem;
use crate::extract::path::PollPath;
use crate::router::RouteGroup;

#[derive(Template)]
#[template(path = "results.html")]
struct ResultsTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    id: String,
    title: &'a str,
    status: StatusLabel,
    change: Option<StatusChange>,
    /// When texts were changed after the first vote.
    edited: Option<Moment>,
    /// The number of votes or voters. Empty while counts are hidden.
    votes: String,
    standings: Standings,
    /// One sentence about the options in front, or why there are no counts.
    summary: String,
    /// True if the poll is open and the caller has no vote.
    can_vote: bool,
    /// The query with the caller's invite code, or empty.
    query: String,
    /// True if the caller can manage the poll.
    is_owner: bool,
}

pub(super) async fn show(page: Page, PollPath(id): PollPath) -> Result<Response, Problem> {
    page.permit(Action::View(id)).await?;
    let engine = &page.state.engine;
    let snapshot = engine.poll(id, &page.caller()).await?;
    let poll = &snapshot.poll;
    let is_owner = page.serves(RouteGroup::Management) && engine.owns(poll, &page.caller()).await?;
    let standings = Standings::new(&snapshot);
    let is_open = snapshot.status == PollStatus::Open;
    let can_vote = is_open && !matches!(engine.ballot_of(id, &page.caller()).await, Ok(Some(_)));
    let summary = summary(&snapshot, &standings);
    let path = format!("/p/{id}");
    let mut head = Head::new(format!("Results: {}", poll.title)).description(&summary);
    head.url = page.layout.absolute(&format!("{path}/results"));
    head.image = page.layout.absolute(&format!("{path}/card.png"));
    head.is_private = poll.visibility != Visibility::Public;
    let template = ResultsTemplate {
        layout: &page.layout,
        head,
        id: id.to_string(),
        title: &poll.title,
        status: StatusLabel::of(&snapshot),
        change: StatusChange::of(&snapshot, engine.now()),
        edited: poll.edited_at.map(Moment::from),
        votes: standings
            .total
            .map_or_else(String::new, |total| votes_text(poll, total)),
        standings: standings.sorted(),
        summary,
        can_vote,
        query: page.invite_query(),
        is_owner,
    };
    Ok(page.render(StatusCode::OK, &template))
}

/// Returns one sentence about the options in front, or why there are no counts.
fn summary(snapshot: &PollSnapshot, standings: &Standings) -> String {
    match standings.total {
        Some(_) => outcome(&standings.leaders(), snapshot.view.is_final()),
        None => hidden_until(snapshot),
    }
}
