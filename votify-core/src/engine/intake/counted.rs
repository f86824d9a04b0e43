use std::sync::{Arc, OnceLock};

use crate::poll::Poll;
use crate::tally::Tally;
use crate::tally::{Audience, TallyView};

/// A poll's counts after a batch, and what each audience sees of them: made once for all of the batch's voters.
#[derive(Debug)]
pub(in crate::engine) struct Counted {
    pub(in crate::engine) tally: Arc<Tally>,
    public: OnceLock<TallyView>,
    voted: OnceLock<TallyView>,
}

impl Counted {
    pub(super) fn new(tally: Tally) -> Self {
        Self {
            tally: Arc::new(tally),
            public: OnceLock::new(),
            voted: OnceLock::new(),
        }
    }

    /// What `audience` sees beside `poll`, if that is the definition of the tally's own version.
    pub(in crate::engine) fn view(&self, poll: &Poll, audience: Audience) -> Option<TallyView> {
        if poll.id != self.tally.poll || poll.version != self.tally.version {
            return None;
        }
        let view = match audience {
            Audience::Public => &self.public,
            Audience::Voted => &self.voted,
        };
        let made = view.get_or_init(|| TallyView::new(poll, &self.tally, audience));
        Some(made.clone())
    }
}
