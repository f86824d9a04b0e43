use std::sync::Arc;

use crate::broadcast::{InstanceId, Update};
use crate::engine::config::VOTE_SAMPLE;
use crate::engine::loaded_poll::LoadedPoll;
use crate::id::{OptionId, PollId};
use crate::tally::Tally;

/// The unsent updates of one poll: the newest of each kind, so at most three messages.
///
/// A definition is sent first, because counts of another version mean nothing without it.
/// Counts and viewer numbers alternate.
#[derive(Debug, Default)]
pub(super) struct PendingUpdates {
    definition: Option<LoadedPoll>,
    counts: Option<Counts>,
    viewers: Option<(InstanceId, u32)>,
    /// Set after counts were sent while a viewer number was pending.
    viewers_next: bool,
}

#[derive(Debug)]
struct Counts {
    tally: Arc<Tally>,
    vote_sample: Vec<OptionId>,
}

impl PendingUpdates {
    /// Sets the counts, unless the pending ones are newer, and extends the sample of
    /// votes.
    pub(super) fn set_tally(&mut self, tally: &Arc<Tally>, vote_sample: &[OptionId]) {
        if let Some(loaded) = &self.definition
            && tally.position <= loaded.tally.position
        {
            return;
        }
        let counts = self.counts.get_or_insert_with(|| Counts {
            tally: Arc::clone(tally),
            vote_sample: Vec::new(),
        });
        if tally.position > counts.tally.position {
            counts.tally = Arc::clone(tally);
        }
        let free = VOTE_SAMPLE.saturating_sub(counts.vote_sample.len());
        counts.vote_sample.extend(vote_sample.iter().take(free));
    }

    /// Sets the definition and its tally, unless the pending one is newer.
    pub(super) fn set_definition(&mut self, loaded: LoadedPoll) {
        if let Some(pending) = &self.definition
            && loaded.tally.position < pending.tally.position
        {
            return;
        }
        let is_newer = |counts: &Counts| counts.tally.position > loaded.tally.position;
        self.counts = self.counts.take().filter(is_newer);
        self.definition = Some(loaded);
    }

    /// Sets this instance's number of viewers.
    pub(super) fn set_viewers(&mut self, instance: InstanceId, viewers: u32) {
        self.viewers = Some((instance, viewers));
    }

    /// Removes and returns the update to send next.
    pub(super) fn next(&mut self, poll: PollId) -> Option<Update> {
        if let Some(LoadedPoll { poll, tally }) = self.definition.take() {
            return Some(Update::PollChanged {
                poll: Box::new(Arc::unwrap_or_clone(poll)),
                tally: Arc::unwrap_or_clone(tally),
            });
        }
        if let Some((instance, viewers)) = self.viewers
            && (self.viewers_next || self.counts.is_none())
        {
            (self.viewers, self.viewers_next) = (None, false);
            return Some(Update::Viewers {
                poll,
                instance,
                viewers,
            });
        }
        let Counts { tally, vote_sample } = self.counts.take()?;
        self.viewers_next = self.viewers.is_some();
        Some(Update::TallyChanged {
            tally: Arc::unwrap_or_clone(tally),
            votes: vote_sample,
        })
    }
}
