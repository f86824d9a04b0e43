use std::sync::Arc;

use crate::broadcast::{InstanceId, Update};
use crate::engine::loaded_poll::LoadedPoll;
use crate::engine::tally_change::{TallyChange, extend_sample};
use crate::id::{OptionId, PollId};
use crate::tally::Tally;

/// The unsent updates of one poll: the newest of each kind, so at most three messages.
///
/// A definition is sent first, because a tally of another version means nothing without it.
/// Tallies and viewer numbers alternate.
#[derive(Debug, Default)]
pub(super) struct PendingUpdates {
    definition: Option<LoadedPoll>,
    tally: Option<Arc<Tally>>,
    /// A sample of the votes that `tally` counted.
    vote_sample: Vec<OptionId>,
    viewers: Option<(InstanceId, u32)>,
    /// Set after a tally was sent while a viewer number was pending.
    viewers_next: bool,
}

impl PendingUpdates {
    /// Sets the tally, unless the pending one is newer, and extends the sample of votes.
    pub(super) fn set_tally(&mut self, change: &TallyChange) {
        let TallyChange {
            tally, vote_sample, ..
        } = change;
        if let Some(loaded) = &self.definition
            && tally.position <= loaded.tally.position
        {
            return;
        }
        let pending = self.tally.as_ref();
        if pending.is_none_or(|pending| pending.position < tally.position) {
            self.tally = Some(Arc::clone(tally));
        }
        extend_sample(&mut self.vote_sample, vote_sample);
    }

    /// Sets the definition and its tally, unless the pending one is newer.
    pub(super) fn set_definition(&mut self, loaded: LoadedPoll) {
        if let Some(pending) = &self.definition
            && loaded.tally.position < pending.tally.position
        {
            return;
        }
        let pending = self.tally.as_ref();
        if pending.is_none_or(|pending| pending.position <= loaded.tally.position) {
            self.tally = None;
            self.vote_sample.clear();
        }
        self.definition = Some(loaded);
    }

    /// Sets this instance's number of viewers.
    pub(super) fn set_viewers(&mut self, instance: InstanceId, viewers: u32) {
        self.viewers = Some((instance, viewers));
    }

    /// Removes and returns the update to send next.
    pub(super) fn next(&mut self, poll: PollId) -> Option<Update> {
        if let Some(LoadedPoll { poll, tally }) = self.definition.take() {
            return Some(Update::DefinitionChanged {
                poll: Box::new(Arc::unwrap_or_clone(poll)),
                tally: Arc::unwrap_or_clone(tally),
            });
        }
        if let Some((instance, viewers)) = self.viewers
            && (self.viewers_next || self.tally.is_none())
        {
            (self.viewers, self.viewers_next) = (None, false);
            return Some(Update::Viewers {
                poll,
                instance,
                viewers,
            });
        }
        let tally = self.tally.take()?;
        self.viewers_next = self.viewers.is_some();
        Some(Update::TallyChanged {
            tally: Arc::unwrap_or_clone(tally),
            vote_sample: std::mem::take(&mut self.vote_sample),
        })
    }
}
