use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::unsync::Cache;
use votify_core::{Poll, PollId, Tally};

/// The newest states that this instance observed in the store.
///
/// Answers are never older than these.
#[derive(Debug)]
pub(super) struct ObservedStates {
    polls: Mutex<Cache<PollId, Observed>>,
}

/// The observed state of one poll.
#[derive(Debug, Clone)]
enum Observed {
    /// The poll was deleted.
    Deleted,
    /// The poll is at least as new as this.
    Present {
        tally: Arc<Tally>,
        /// The definition, possibly of another version than the tally.
        poll: Option<Arc<Poll>>,
    },
}

impl ObservedStates {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            polls: Mutex::new(Cache::new(capacity)),
        }
    }

    /// Returns the definition of the tally's version, if it was observed.
    pub(super) fn definition(&self, tally: &Tally) -> Option<Arc<Poll>> {
        match self.lock().get(&tally.poll) {
            Some(Observed::Present { poll, .. }) => poll
                .as_ref()
                .filter(|poll| poll.version == tally.version)
                .cloned(),
            _ => None,
        }
    }

    /// Returns true if the poll is known to allow revotes. Then no vote can be refused
    /// from the cache.
    pub(super) fn allows_revote(&self, poll: PollId) -> bool {
        match self.lock().get(&poll) {
            Some(Observed::Present {
                tally,
                poll: Some(poll),
            }) => poll.version == tally.version && poll.rules.revote,
            _ => false,
        }
    }

    pub(super) fn is_sealed(&self, poll: PollId) -> bool {
        matches!(self.lock().get(&poll), Some(Observed::Present { tally, .. }) if tally.sealed)
    }

    /// Returns false if a newer epoch or version, or the deletion, was observed.
    pub(super) fn is_consistent_with(&self, tally: &Tally) -> bool {
        match self.lock().get(&tally.poll) {
            None => true,
            Some(Observed::Deleted) => false,
            Some(Observed::Present {
                tally: observed, ..
            }) => {
                observed.position.epoch <= tally.position.epoch && observed.version <= tally.version
            }
        }
    }

    /// Returns the newer one of `tally` and the observed tally.
    pub(super) fn newest(&self, tally: &Arc<Tally>) -> Arc<Tally> {
        match self.lock().get(&tally.poll) {
            Some(Observed::Present {
                tally: observed, ..
            }) if observed.position > tally.position => Arc::clone(observed),
            _ => Arc::clone(tally),
        }
    }

    /// Records a tally that the store returned, and its definition if known.
    ///
    /// A deleted poll stays deleted, because the read may have started before the
    /// deletion.
    pub(super) fn observe(&self, tally: &Arc<Tally>, definition: Option<&Arc<Poll>>) {
        let mut polls = self.lock();
        let (tally, poll) = match polls.get(&tally.poll) {
            Some(Observed::Deleted) => return,
            Some(Observed::Present {
                tally: observed,
                poll,
            }) => {
                let observed_is_current = observed.position >= tally.position;
                let newest = if observed_is_current { observed } else { tally };
                let newer_poll = poll.as_ref().filter(|poll| {
                    definition.is_none_or(|definition| poll.version > definition.version)
                });
                (Arc::clone(newest), newer_poll.or(definition).cloned())
            }
            None => (Arc::clone(tally), definition.cloned()),
        };
        polls.insert(tally.poll, Observed::Present { tally, poll });
    }

    pub(super) fn observe_created(&self, poll: PollId) {
        self.lock().remove(&poll);
    }

    pub(super) fn observe_deleted(&self, poll: PollId) {
        self.lock().insert(poll, Observed::Deleted);
    }

    /// Records that the store has no such poll. Unknown ids are not stored, because
    /// callers choose them freely.
    pub(super) fn observe_missing(&self, poll: PollId) {
        let mut polls = self.lock();
        if polls.contains_key(&poll) {
            polls.insert(poll, Observed::Deleted);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Cache<PollId, Observed>> {
        self.polls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
