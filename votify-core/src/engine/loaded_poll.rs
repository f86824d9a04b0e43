use std::sync::Arc;

use crate::poll::{Poll, PollState, PollStatus};
use crate::tally::Tally;
use crate::time::Timestamp;

/// A poll and its tally, both of the same version.
///
/// Unlike in a [`PollState`], both are shared: a new tally
/// replaces the old one without a copy of the definition.
#[derive(Debug, Clone)]
pub(super) struct LoadedPoll {
    pub(super) poll: Arc<Poll>,
    pub(super) tally: Arc<Tally>,
}

impl LoadedPoll {
    pub(super) fn status(&self, now: Timestamp) -> PollStatus {
        self.poll.status(now, self.tally.ever_had_ballots())
    }
}

impl From<PollState> for LoadedPoll {
    fn from(state: PollState) -> Self {
        Self {
            poll: Arc::new(state.poll),
            tally: Arc::new(state.tally),
        }
    }
}
