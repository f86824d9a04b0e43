use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::live::tracked_voters::TrackedVoters;
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::tally_change::{TallyChange, extend_sample};
use crate::id::OptionId;
use crate::tally::{Audience, Position, Tally, ViewPosition};
use crate::voter::VoterId;

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
    /// A request because updates may have been lost.
    pub(in crate::engine::live) const LOST_UPDATES: Self = Self {
        last_number: 0,
        after: None,
    };

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

/// The messages that a room has not processed yet. A newer tally replaces an older one, so
/// that the size is bounded by the number of viewers.
#[derive(Debug, Default)]
pub(in crate::engine::live) struct Mailbox {
    pub(super) tally: Option<Arc<Tally>>,
    pub(super) definition: Option<LoadedPoll>,
    pub(super) vote_sample: Vec<OptionId>,
    /// The newest audience of each tracked voter whose audience changed.
    pub(super) audience_changes: HashMap<VoterId, Audience>,
    /// The poll is deleted.
    pub(in crate::engine::live) deleted: bool,
    /// All viewers are disconnected, one after the other.
    pub(in crate::engine::live) draining: bool,
    pub(super) reload: Option<ReloadRequest>,
}

impl Mailbox {
    /// Adds a new tally. Only the audience changes of voters in `tracked` are added.
    pub(super) fn set_tally(&mut self, change: &TallyChange, tracked: &TrackedVoters) {
        tracked.collect_tracked(&change.audience_changes, &mut self.audience_changes);
        if self.newest_tally() < Some(change.tally.position) {
            self.tally = Some(Arc::clone(&change.tally));
        }
        extend_sample(&mut self.vote_sample, &change.vote_sample);
    }

    /// Adds a new definition or status.
    pub(in crate::engine::live) fn set_definition(&mut self, loaded: LoadedPoll) {
        let pending = self.definition.as_ref();
        if pending.is_none_or(|pending| pending.tally.position <= loaded.tally.position) {
            self.definition = Some(loaded);
        }
    }

    /// Requests a read of the poll from the store.
    pub(in crate::engine::live) fn request_reload(&mut self, request: ReloadRequest) {
        let pending = self.reload.take();
        self.reload = Some(pending.map_or(request, |pending| pending.merge(request)));
    }

    /// Returns the position of the tally, if there is one.
    pub(super) fn newest_tally(&self) -> Option<Position> {
        self.tally.as_ref().map(|tally| tally.position)
    }
}
