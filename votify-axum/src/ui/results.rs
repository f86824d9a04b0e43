//! The page of a poll's result.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::Visibility;
use votify_core::engine::PollSnapshot;

use super::layout::{Head, Layout};
use super::page::Page;
use super::poll_status::{Deadline, StatusLabel, hidden_until};
use super::standings::Standings;
use super::times::{absolute, grouped};
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
    deadline: Option<Deadline>,
    /// When texts were changed after the first vote, or empty.
    edited: String,
    /// The number of votes or voters. Empty while counts are hidden.
    votes: String,
    standings: Standings,
    /// One sentence about the options in front, or why there are no counts.
    summary: String,
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
        deadline: Deadline::of(&snapshot),
        edited: poll.edited_at.map(absolute).unwrap_or_default(),
        votes: standings
            .total
            .map_or_else(String::new, |total| votes_text(poll, total)),
        standings: standings.sorted(),
        summary,
        query: page.invite_query(),
        is_owner,
    };
    Ok(page.render(StatusCode::OK, &template))
}

/// Returns one sentence about the options in front. `ui/pages/standings.js` writes the same.
fn summary(snapshot: &PollSnapshot, standings: &Standings) -> String {
    if standings.total.is_none() {
        return format!("{}.", hidden_until(&snapshot.poll, snapshot.status));
    }
    let is_final = snapshot.view.is_final();
    let leaders = standings.leaders();
    let quoted: Vec<String> = leaders
        .iter()
        .map(|text| format!("\u{2068}“{text}”\u{2069}"))
        .collect();
    match (quoted.as_slice(), is_final) {
        ([], true) => "Final result: nobody voted.".to_owned(),
        ([], false) => "Nobody has voted yet.".to_owned(),
        ([leader], true) => format!("Final result: most votes for {leader}."),
        ([leader], false) => format!("{leader} is in front."),
        (several, true) => format!("Final result: a tie between {}.", listed(several)),
        (several, false) => format!("A tie between {}.", listed(several)),
    }
}

/// Maximum number of tied options that are named.
const MAX_NAMED: usize = 3;

/// Returns texts as in `A, B and C`, or the number of many.
fn listed(texts: &[String]) -> String {
    if texts.len() > MAX_NAMED {
        return format!("{} options", grouped(texts.len() as u64));
    }
    match texts {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => texts.join(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_with_and() {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(listed(&texts(&["a", "b"])), "a and b");
        assert_eq!(listed(&texts(&["a", "b", "c"])), "a, b and c");
        assert_eq!(listed(&texts(&["a", "b", "c", "d"])), "4 options");
    }
}
