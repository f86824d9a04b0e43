//! The page of a poll: to vote without JavaScript, and to follow it live with it.

mod feedback;
mod share;
mod view;
mod vote;
pub(super) mod wording;

pub(super) use vote::{back, vote, withdraw};

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use votify_core::{BallotId, PollId, Visibility, VoterPolicy};

use self::feedback::Feedback;
pub(super) use self::share::ShareLinks;
use self::view::{PollView, Step};
use super::layout::{Head, Layout};
use super::page::Page;
use crate::authorize::Action;
use crate::error::Problem;
use crate::extract::path::PollPath;
use crate::own_state::OwnState;
use crate::router::RouteGroup;

/// Maximum characters of the description for search engines and previews of links.
const DESCRIPTION_MAX: usize = 200;

#[derive(Template)]
#[template(path = "poll.html")]
struct PollTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    view: PollView,
    links: ShareLinks,
    /// True if the caller can manage the poll.
    is_owner: bool,
    /// True right after the owner created the poll.
    is_created: bool,
    /// True if nobody can vote until the owner creates invite codes.
    needs_codes: bool,
}

#[derive(Template)]
#[template(path = "embed.html")]
struct EmbedTemplate<'a> {
    layout: &'a Layout,
    head: Head,
    view: PollView,
}

pub(super) async fn show(mut page: Page, PollPath(id): PollPath) -> Result<Response, Problem> {
    respond(&mut page, id, None, StatusCode::OK, Frame::Page).await
}

/// The poll alone, for a frame in another page.
pub(super) async fn embed(mut page: Page, PollPath(id): PollPath) -> Result<Response, Problem> {
    respond(&mut page, id, None, StatusCode::OK, Frame::Embed).await
}

/// The surroundings of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Page,
    /// The frame of another page.
    Embed,
}

/// Returns the page of a poll as it is now. Without `feedback`, the query may have some.
async fn respond(
    page: &mut Page,
    id: PollId,
    feedback: Option<Feedback>,
    status: StatusCode,
    frame: Frame,
) -> Result<Response, Problem> {
    page.permit(Action::View(id)).await?;
    let feedback = match feedback {
        Some(feedback) => feedback,
        None => Feedback::of_query(page, id).await?,
    };
    let own = match page.own_state(id).await {
        // The poll is shown without what holds for the caller.
        Err(problem) if ["rate_limited", "origin_not_allowed"].contains(&problem.code()) => {
            OwnState::refused(problem)
        }
        own => own?,
    };
    let page = &*page;
    let engine = &page.state.engine;
    let snapshot = engine.poll(id, &page.caller()).await?;
    let poll = &snapshot.poll;
    let (is_owner, ballot_id) = (own.is_owner, BallotId::generate(engine.now()));
    let view = PollView::new(&snapshot, &own, feedback, page, ballot_id, frame);
    let mut head = Head::new(poll.title.as_str()).description(wording::description(poll));
    head.url = page.layout.absolute(&format!("/p/{id}"));
    head.image = page.layout.absolute(&format!("/p/{id}/card.png"));
    head.is_private = poll.visibility != Visibility::Public;
    if frame == Frame::Embed {
        head.is_private = true;
        let layout = &page.layout;
        return Ok(page.render(status, &EmbedTemplate { layout, head, view }));
    }
    let links = ShareLinks::new(&page.layout, poll);
    let template = PollTemplate {
        layout: &page.layout,
        head,
        view,
        links,
        is_owner: is_owner && page.serves(RouteGroup::Management),
        is_created: is_owner && page.query("created").is_some(),
        needs_codes: poll.rules.voters == VoterPolicy::Invite,
    };
    Ok(page.render(status, &template))
}
