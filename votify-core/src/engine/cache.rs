use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quick_cache::sync::Cache;

use crate::backend::SingleFlight;
use crate::engine::EngineError;
use crate::id::PollId;
use crate::poll::Poll;
use crate::store::Store;
use crate::tally::Tally;

/// Poll definitions at hand, so that a vote need not read its poll first.
///
/// A definition may be out of date, and nothing that matters hangs on it: the store decides on the definition under its
/// lock, a voter identified under an outdated policy is sent back by the rule, and counts are shown only beside a
/// definition of their own version. Only a definition known to be frozen by a ballot is used to refuse anything.
#[derive(Debug)]
pub(super) struct PollCache {
    polls: Cache<PollId, Arc<Cached>>,
    /// Loads of polls that are not at hand.
    missing: SingleFlight<Result<Arc<Cached>, EngineError>>,
    /// Loads of polls that are, but out of date.
    outdated: SingleFlight<Result<Arc<Cached>, EngineError>>,
}

#[derive(Debug)]
pub(super) struct Cached {
    pub(super) poll: Arc<Poll>,
    frozen: AtomicBool,
}

impl Cached {
    /// Whether ballots were cast, so that options and rules cannot change any more.
    pub(super) fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::Relaxed)
    }

    /// Remembers what a tally tells of the poll.
    pub(super) fn learn(&self, tally: &Tally) {
        if tally.ever_had_ballots() && tally.version == self.poll.version {
            self.frozen.store(true, Ordering::Relaxed);
        }
    }
}

impl PollCache {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            polls: Cache::new(capacity),
            missing: SingleFlight::new(),
            outdated: SingleFlight::new(),
        }
    }

    /// The poll as it is at hand, if it is.
    pub(super) fn at_hand(&self, id: PollId) -> Option<Arc<Cached>> {
        self.polls.get(&id)
    }

    /// The poll as it is at hand; if it is not, as the store has it now.
    pub(super) async fn get(
        &self,
        id: PollId,
        store: &dyn Store,
    ) -> Result<Arc<Cached>, EngineError> {
        if let Some(cached) = self.at_hand(id) {
            return Ok(cached);
        }
        let load = async {
            // It may have been read while this waited for its turn.
            match self.at_hand(id) {
                Some(cached) => Ok(cached),
                None => self.load(id, store).await,
            }
        };
        self.missing.get(id, load).await
    }

    /// The poll as the store has it now. However many ask at the same time, that it is gone and failures are shared too.
    pub(super) async fn reload(
        &self,
        id: PollId,
        store: &dyn Store,
    ) -> Result<Arc<Cached>, EngineError> {
        self.outdated.get(id, self.load(id, store)).await
    }

    async fn load(&self, id: PollId, store: &dyn Store) -> Result<Arc<Cached>, EngineError> {
        let read = read(id, store).await;
        if matches!(read, Err(EngineError::PollNotFound(_))) {
            self.forget(id);
        }
        read.map(|poll| self.put(poll))
    }

    /// Keeps a definition, unless a newer one is at hand already.
    pub(super) fn put(&self, poll: Arc<Poll>) -> Arc<Cached> {
        match self.polls.peek(&poll.id) {
            Some(kept) if kept.poll.version > poll.version || kept.poll == poll => kept,
            _ => {
                let id = poll.id;
                let entry = cached(poll);
                self.polls.insert(id, Arc::clone(&entry));
                entry
            }
        }
    }

    pub(super) fn forget(&self, id: PollId) {
        self.polls.remove(&id);
    }
}

fn cached(poll: Arc<Poll>) -> Arc<Cached> {
    Arc::new(Cached {
        poll,
        frozen: AtomicBool::new(false),
    })
}

async fn read(id: PollId, store: &dyn Store) -> Result<Arc<Poll>, EngineError> {
    let poll = store.polls(&[id]).await?.pop().flatten();
    poll.map(Arc::new).ok_or(EngineError::PollNotFound(id))
}
