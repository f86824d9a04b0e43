use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::unsync::Cache;
use votify_core::{Poll, PollId, Tally};

/// What this instance was told by the store last, so that it never answers with anything older.
#[derive(Debug)]
pub(super) struct Known {
    polls: Mutex<Cache<PollId, Seen>>,
}

/// What was seen of one poll.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    /// It was deleted, through this instance or before its eyes.
    Gone,
    /// It stands, at least, like this.
    There {
        tally: Arc<Tally>,
        /// Its definition, perhaps of another version than the tally.
        poll: Option<Arc<Poll>>,
    },
}

impl Known {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            polls: Mutex::new(Cache::new(capacity)),
        }
    }

    pub(super) fn of(&self, poll: PollId) -> Option<Seen> {
        self.lock().get(&poll).cloned()
    }

    /// The definition as of `tally`, if it is at hand.
    pub(super) fn definition(&self, tally: &Tally) -> Option<Arc<Poll>> {
        match self.of(tally.poll) {
            Some(Seen::There { poll, .. }) => poll.filter(|poll| poll.version == tally.version),
            _ => None,
        }
    }

    /// Whether the poll is known to let voters vote anew, so that there is no fast "no" in it.
    pub(super) fn allows_revote(&self, poll: PollId) -> bool {
        match self.lock().get(&poll) {
            Some(Seen::There {
                tally,
                poll: Some(poll),
            }) => poll.version == tally.version && poll.rules.revote,
            _ => false,
        }
    }

    pub(super) fn is_sealed(&self, poll: PollId) -> bool {
        matches!(self.lock().get(&poll), Some(Seen::There { tally, .. }) if tally.sealed)
    }

    /// Whether nothing that was seen contradicts this being the poll's newest version and epoch.
    pub(super) fn agrees_with(&self, tally: &Tally) -> bool {
        match self.lock().get(&tally.poll) {
            None => true,
            Some(Seen::Gone) => false,
            Some(Seen::There { tally: seen, .. }) => {
                seen.position.epoch <= tally.position.epoch && seen.version <= tally.version
            }
        }
    }

    /// The newer one of `tally` and what was seen.
    pub(super) fn newest(&self, tally: &Arc<Tally>) -> Arc<Tally> {
        match self.lock().get(&tally.poll) {
            Some(Seen::There { tally: seen, .. }) if seen.position > tally.position => {
                Arc::clone(seen)
            }
            _ => Arc::clone(tally),
        }
    }

    /// The store has shown this tally. A poll that is gone stays so: this was on its way.
    pub(super) fn saw(&self, tally: &Arc<Tally>, definition: Option<&Arc<Poll>>) {
        let mut polls = self.lock();
        let (tally, poll) = match polls.get(&tally.poll) {
            Some(Seen::Gone) => return,
            Some(Seen::There { tally: seen, poll }) => {
                let newer = seen.position >= tally.position;
                let tally = if newer { seen } else { tally };
                let kept = poll.as_ref().filter(|poll| {
                    definition.is_none_or(|definition| poll.version > definition.version)
                });
                (Arc::clone(tally), kept.or(definition).cloned())
            }
            None => (Arc::clone(tally), definition.cloned()),
        };
        polls.insert(tally.poll, Seen::There { tally, poll });
    }

    pub(super) fn saw_created(&self, poll: PollId) {
        self.lock().remove(&poll);
    }

    pub(super) fn saw_deleted(&self, poll: PollId) {
        self.lock().insert(poll, Seen::Gone);
    }

    /// The store has no such poll. One that nobody knew of is not remembered.
    pub(super) fn missed(&self, poll: PollId) {
        let mut polls = self.lock();
        if polls.contains_key(&poll) {
            polls.insert(poll, Seen::Gone);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Cache<PollId, Seen>> {
        self.polls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
