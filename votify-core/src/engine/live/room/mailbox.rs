use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::config::VOTE_SAMPLE;
use crate::engine::live::tracked_voters::TrackedVoters;
use crate::engine::loaded_poll::LoadedPoll;
use crate::id::OptionId;
use crate::tally::{Audience, Position, Tally, ViewPosition};
use crate::voter::VoterId;

/// An event for the viewers of a poll.
#[derive(Debug)]
pub(in crate::engine::live) enum RoomEvent {
    /// The tally changed.
    TallyChanged {
        tally: Arc<Tally>,
        /// A sample of the new votes with one option.
        vote_sample: Vec<OptionId>,
        /// The voters whose audience changed, each with the new audience.
        audience_changes: Vec<(VoterId, Audience)>,
    },
    /// The definition or the status changed.
    DefinitionChanged(LoadedPoll),
    /// The poll is deleted.
    Deleted,
    /// All viewers are disconnected, one after the other.
    Drain,
    /// A request to read the poll from the store.
    Reload(ReloadRequest),
}

impl RoomEvent {
    /// A reload because updates may have been lost.
    pub(in crate::engine::live) const RELOAD: Self = Self::Reload(ReloadRequest {
        last_number: 0,
        after: None,
    });
}

/// A request to read the poll from the store.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine::live) struct ReloadRequest {
    /// The number of the last request of a viewer that this one includes, or 0 if it
    /// includes none.
    pub(in crate::engine::live) last_number: u64,
    /// The newest position that a viewer requires; `None` requires a read in any case.
    pub(in crate::engine::live) after: Option<ViewPosition>,
}

impl ReloadRequest {
    /// Returns a request that satisfies both.
    fn merge(self, other: Self) -> Self {
        let after = match (self.after, other.after) {
            (Some(one), Some(another)) if one.is_older_than(&another) => Some(another),
            (Some(one), Some(another)) if one == another || another.is_older_than(&one) => {
                Some(one)
            }
            _ => None,
        };
        let last_number = self.last_number.max(other.last_number);
        Self { last_number, after }
    }
}

/// The unprocessed events of a room. A newer tally replaces an older one, so that the
/// size is bounded by the number of viewers.
#[derive(Debug, Default)]
pub(in crate::engine::live) struct Mailbox {
    pub(super) tally: Option<Arc<Tally>>,
    pub(super) definition: Option<LoadedPoll>,
    pub(super) vote_sample: Vec<OptionId>,
    /// The newest audience of each tracked voter whose audience changed.
    pub(super) audience_changes: HashMap<VoterId, Audience>,
    pub(super) deleted: bool,
    pub(super) draining: bool,
    pub(super) reload: Option<ReloadRequest>,
}

impl Mailbox {
    /// Adds an event. Only the audience changes of voters in `tracked` are added.
    pub(super) fn push(&mut self, event: RoomEvent, tracked: &TrackedVoters) {
        match event {
            RoomEvent::TallyChanged {
                tally,
                vote_sample,
                audience_changes,
            } => {
                self.audience_changes
                    .extend(tracked.retain_tracked(audience_changes));
                let pending = self.tally.as_ref();
                if pending.is_none_or(|pending| pending.position < tally.position) {
                    self.tally = Some(tally);
                }
                let free = VOTE_SAMPLE.saturating_sub(self.vote_sample.len());
                self.vote_sample.extend(vote_sample.into_iter().take(free));
            }
            RoomEvent::DefinitionChanged(loaded) => {
                let pending = self.definition.as_ref();
                if pending.is_none_or(|pending| pending.tally.position <= loaded.tally.position) {
                    self.definition = Some(loaded);
                }
            }
            RoomEvent::Deleted => self.deleted = true,
            RoomEvent::Drain => self.draining = true,
            RoomEvent::Reload(request) => {
                let pending = self.reload.take();
                self.reload = Some(pending.map_or(request, |pending| pending.merge(request)));
            }
        }
    }

    /// Returns the position of the pending tally.
    pub(super) fn newest_pending(&self) -> Position {
        let tally = self.tally.as_ref();
        tally.map_or(Position::START, |tally| tally.position)
    }
}
