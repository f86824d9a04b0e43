use std::sync::{Arc, OnceLock};

use crate::poll::Poll;
use crate::tally::{Audience, Tally, TallyView};

/// A poll's tally after a batch, with one view for each audience that all voters of the
/// batch share.
#[derive(Debug)]
pub(super) struct SharedTally {
    pub(super) tally: Arc<Tally>,
    public: OnceLock<TallyView>,
    voted: OnceLock<TallyView>,
}

impl SharedTally {
    pub(super) fn new(tally: Tally) -> Self {
        Self {
            tally: Arc::new(tally),
            public: OnceLock::new(),
            voted: OnceLock::new(),
        }
    }

    /// Returns the view of `audience`, or `None` if `poll` has another version than the
    /// tally.
    pub(super) fn view(&self, poll: &Poll, audience: Audience) -> Option<TallyView> {
        if poll.id != self.tally.poll || poll.version != self.tally.version {
            return None;
        }
        let view = match audience {
            Audience::Public => &self.public,
            Audience::Voted => &self.voted,
        };
        let view = view.get_or_init(|| TallyView::new(poll, &self.tally, audience));
        Some(view.clone())
    }
}
