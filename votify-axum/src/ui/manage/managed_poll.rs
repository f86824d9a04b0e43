use std::sync::Arc;

use votify_core::engine::{InviteCounts, PollSnapshot};
use votify_core::{Actor, Poll, PollId, PollStatus, VoterPolicy};

use super::rules_text::{Fact, rules};
use crate::authorize::Action;
use crate::error::Problem;
use crate::ui::page::Page;
use crate::ui::poll_status::{StatusChange, StatusLabel};
use crate::ui::times::grouped;
use crate::ui::votes_text::votes_text;

/// A poll as its owner sees it.
#[derive(Debug)]
pub(super) struct ManagedPoll {
    pub(super) definition: Arc<Poll>,
    /// The URL of the poll's page, below which its other pages are.
    pub(super) url: String,
    pub(super) status: StatusLabel,
    /// Empty while counts are hidden.
    pub(super) votes: String,
    pub(super) change: Option<StatusChange>,
    /// What cannot change any more.
    pub(super) frozen: Vec<Fact>,
    /// True if a vote was ever counted.
    pub(super) has_votes: bool,
    pub(super) is_closed: bool,
    /// True if all votes are counted.
    pub(super) is_final: bool,
    pub(super) invites: Option<InvitesView>,
}

/// The number of invite codes, for people.
#[derive(Debug)]
pub(super) struct InvitesView {
    pub(super) made: String,
    /// The numbers of used and unused codes. `None` while counts are hidden.
    pub(super) use_counts: Option<(String, String)>,
}

impl ManagedPoll {
    /// Reads a poll for its owner.
    ///
    /// # Errors
    /// - `poll_not_found`, `not_owner`, `not_allowed`, `not_logged_in`: the caller may not
    ///   manage the poll.
    /// - `store_unavailable`: retry later.
    pub(super) async fn load(page: &Page, id: PollId) -> Result<Self, Problem> {
        page.permit(Action::Manage(id)).await?;
        let (engine, caller) = (&page.state.engine, page.caller());
        let actor = Actor::Caller(&caller);
        let has_votes = engine.is_frozen(id, actor).await?;
        let snapshot = engine.poll(id, &caller).await?;
        let invites = match snapshot.poll.rules.voters {
            VoterPolicy::Invite => Some(engine.invite_counts(id, actor).await?.into()),
            _ => None,
        };
        Ok(Self::new(snapshot, has_votes, invites, page))
    }

    fn new(
        snapshot: PollSnapshot,
        has_votes: bool,
        invites: Option<InvitesView>,
        page: &Page,
    ) -> Self {
        let is_closed = snapshot.status == PollStatus::Closed;
        let votes = snapshot.view.total_votes();
        Self {
            url: page.layout.url(&format!("/p/{}", snapshot.poll.id)),
            status: StatusLabel::of(&snapshot),
            votes: votes.map_or_else(String::new, |total| votes_text(&snapshot.poll, total)),
            change: StatusChange::of(&snapshot, page.state.engine.now()),
            frozen: if has_votes || is_closed {
                rules(&snapshot.poll, is_closed)
            } else {
                Vec::new()
            },
            has_votes,
            is_closed,
            is_final: snapshot.view.is_final(),
            invites,
            definition: snapshot.poll,
        }
    }
}

impl From<InviteCounts> for InvitesView {
    fn from(counts: InviteCounts) -> Self {
        let use_counts = counts.used.zip(counts.left());
        Self {
            made: grouped(counts.made),
            use_counts: use_counts.map(|(used, left)| (grouped(used), grouped(left))),
        }
    }
}
