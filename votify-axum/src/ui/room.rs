//! The room: a poll on a screen that many people see.

mod density;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::engine::PollSnapshot;
use votify_core::{PollStatus, ResultsPolicy, VoterPolicy};

use self::density::Density;
use super::layout::{Head, Layout};
use super::page::Page;
use super::poll_status::StatusLabel;
use super::result_texts::hidden_until;
use super::standings::Standings;
use super::times::plural;
use super::votes_text::votes_text;
use crate::authorize::Action;
use crate::error::Problem;
use crate::extract::path::PollPath;
use crate::router::RouteGroup;

#[derive(Template)]
#[template(path = "room.html")]
struct RoomTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    id: String,
    title: &'a str,
    status: StatusLabel,
    /// The number of votes or voters. Empty while counts are hidden.
    votes: String,
    standings: Standings,
    /// The class of the title, which sets its size.
    length: &'static str,
    density: Density,
    /// Why there may be no counts.
    reason: String,
    /// True if the page says why there are no counts.
    has_reason: bool,
    /// Host and path of the page to join.
    address: (String, String),
    /// The join code in two groups, or empty.
    code: String,
    /// True if voters need an invite code.
    needs_codes: bool,
    viewers: u32,
    /// The query with the caller's invite code, or empty.
    query: String,
    /// True if the caller can manage the poll.
    is_owner: bool,
    /// True if the counts are covered until the presenter reveals them.
    is_covered: bool,
}

impl RoomTemplate<'_> {
    /// Returns true if a text gets two lines of small letters.
    fn is_long(&self, text: &str) -> bool {
        text.chars().count() > self.density.max_characters()
    }

    fn watching(&self) -> String {
        format!("{} watching", self.viewers)
    }

    fn percent(&self, percent: &u64) -> String {
        match (self.standings.total, self.is_covered) {
            (Some(_), false) => format!("{percent}%"),
            _ => String::new(),
        }
    }

    fn count(&self, count: &u64) -> String {
        match (self.standings.total, self.is_covered) {
            (Some(_), false) => plural(*count, "vote"),
            _ => String::new(),
        }
    }

    fn width<'b>(&self, share: &'b str) -> &'b str {
        if self.is_covered { "0" } else { share }
    }
}

/// Shows the room. With `reveal=later`, the counts are covered until a key is pressed.
pub(super) async fn show(page: Page, PollPath(id): PollPath) -> Result<Response, Problem> {
    page.permit(Action::View(id)).await?;
    let engine = &page.state.engine;
    let snapshot = engine.poll(id, &page.caller()).await?;
    let poll = &snapshot.poll;
    let is_owner = page.serves(RouteGroup::Management) && engine.owns(poll, &page.caller()).await?;
    let standings = Standings::new(&snapshot);
    let is_covered = page.query("reveal").is_some_and(|value| value == "later");
    let template = RoomTemplate {
        layout: &page.layout,
        head: Head::new(&poll.title).private(),
        id: id.to_string(),
        title: &poll.title,
        status: StatusLabel::of(&snapshot),
        length: length(&poll.title),
        density: Density::of(standings.rows.len()),
        reason: reason(&snapshot),
        has_reason: standings.total.is_none() || is_covered,
        votes: standings
            .total
            .map_or_else(String::new, |total| votes_text(poll, total)),
        standings,
        address: address(&page.layout),
        code: poll
            .join_code
            .map(|code| grouped_code(code.as_str()))
            .unwrap_or_default(),
        needs_codes: poll.rules.voters == VoterPolicy::Invite,
        viewers: snapshot.viewers,
        query: page.invite_query(),
        is_owner,
        is_covered,
    };
    Ok(page.render(StatusCode::OK, &template))
}

/// The text while the presenter covers the counts. `ui/pages/standings.js` has the same.
const COVERED: &str = "The results are hidden until they are revealed.";

/// Returns why people in the room may not see counts. `ui/pages/standings.js` writes the
/// same.
fn reason(snapshot: &PollSnapshot) -> String {
    match (snapshot.poll.rules.results, snapshot.status) {
        (ResultsPolicy::AfterVote, PollStatus::Open) => {
            "Results are shown to people who have voted.".to_owned()
        }
        // The presenter covers them.
        (ResultsPolicy::Live, PollStatus::Open) => COVERED.to_owned(),
        _ => hidden_until(snapshot),
    }
}

/// Returns host and path of the page to join, without the scheme. A line may break between
/// both.
fn address(layout: &Layout) -> (String, String) {
    let (_, host) = layout.origin.split_once("://").unwrap_or_default();
    (host.to_owned(), layout.url("/join"))
}

/// Returns the class of a title: the longer it is, the smaller its letters.
fn length(title: &str) -> &'static str {
    match title.chars().count() {
        0..=40 => "short",
        41..=100 => "medium",
        _ => "long",
    }
}

/// Returns a code in two groups, which people read and type more easily.
fn grouped_code(code: &str) -> String {
    match code.split_at_checked(code.len() / 2) {
        Some((first, second)) => format!("{first} {second}"),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_two_groups() {
        assert_eq!(grouped_code("K7WM3P"), "K7W M3P");
    }
}
