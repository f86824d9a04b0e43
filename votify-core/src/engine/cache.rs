use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quick_cache::sync::Cache;

use crate::backend::SingleFlight;
use crate::engine::EngineError;
use crate::id::PollId;
use crate::poll::Poll;
use crate::store::{Store, StoreExt};
use crate::tally::Tally;

/// Cached poll definitions, so that a vote need not read its poll first.
///
/// A cached definition may be outdated without harm. The store decides on the definition
/// under its lock. The voting rule refuses a voter identified under an outdated policy.
/// Counts are combined only with a definition of their own version. Only a definition
/// known to be frozen by a ballot is used to refuse a choice.
#[derive(Debug)]
pub(super) struct PollCache {
    definitions: Cache<PollId, Arc<CachedDefinition>>,
    /// Loads of polls that are not cached.
    misses: SingleFlight<Result<Arc<CachedDefinition>, EngineError>>,
    /// Loads of polls whose cached definition is outdated.
    reloads: SingleFlight<Result<Arc<CachedDefinition>, EngineError>>,
}

/// A cached poll definition. Of the tally, only whether a ballot was counted is cached.
#[derive(Debug)]
pub(super) struct CachedDefinition {
    pub(super) poll: Arc<Poll>,
    frozen: AtomicBool,
}

impl CachedDefinition {
    fn new(poll: Arc<Poll>) -> Arc<Self> {
        Arc::new(Self {
            poll,
            frozen: AtomicBool::new(false),
        })
    }

    /// Returns true if a ballot was counted, or with a queue if the poll has opened, so
    /// that options and rules cannot change any more.
    pub(super) fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::Relaxed)
    }

    /// Marks the definition as frozen.
    pub(super) fn mark_frozen(&self) {
        self.frozen.store(true, Ordering::Relaxed);
    }

    /// Marks the definition as frozen if a tally of the same version ever had ballots.
    pub(super) fn mark_frozen_if_voted(&self, tally: &Tally) {
        if tally.ever_had_ballots() && tally.version == self.poll.version {
            self.mark_frozen();
        }
    }
}

impl PollCache {
    /// Creates a cache for at most `capacity` definitions.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            definitions: Cache::new(capacity),
            misses: SingleFlight::new(),
            reloads: SingleFlight::new(),
        }
    }

    /// Returns the cached definition without reading the store.
    pub(super) fn peek(&self, id: PollId) -> Option<Arc<CachedDefinition>> {
        self.definitions.get(&id)
    }

    /// Returns the cached definition, or reads it from the store.
    pub(super) async fn get(
        &self,
        id: PollId,
        store: &dyn Store,
    ) -> Result<Arc<CachedDefinition>, EngineError> {
        if let Some(definition) = self.peek(id) {
            return Ok(definition);
        }
        let load = async {
            // Another load may have filled the cache while this one waited for the lock.
            match self.peek(id) {
                Some(definition) => Ok(definition),
                None => self.load(id, store).await,
            }
        };
        self.misses.get(id, load).await
    }

    /// Reads the definition from the store. Concurrent calls share one read, and also its
    /// failure.
    pub(super) async fn reload(
        &self,
        id: PollId,
        store: &dyn Store,
    ) -> Result<Arc<CachedDefinition>, EngineError> {
        self.reloads.get(id, self.load(id, store)).await
    }

    async fn load(
        &self,
        id: PollId,
        store: &dyn Store,
    ) -> Result<Arc<CachedDefinition>, EngineError> {
        let poll = read(id, store).await;
        if matches!(poll, Err(EngineError::PollNotFound(_))) {
            self.invalidate(id);
        }
        poll.map(|poll| self.put(poll))
    }

    /// Caches a definition, unless a newer one is cached.
    pub(super) fn put(&self, poll: Arc<Poll>) -> Arc<CachedDefinition> {
        match self.definitions.peek(&poll.id) {
            Some(cached) if cached.poll.version > poll.version || cached.poll == poll => cached,
            _ => {
                let id = poll.id;
                let definition = CachedDefinition::new(poll);
                self.definitions.insert(id, Arc::clone(&definition));
                definition
            }
        }
    }

    /// Removes the cached definition.
    pub(super) fn invalidate(&self, id: PollId) {
        self.definitions.remove(&id);
    }
}

async fn read(id: PollId, store: &dyn Store) -> Result<Arc<Poll>, EngineError> {
    let poll = store.poll(id).await?;
    poll.map(Arc::new).ok_or(EngineError::PollNotFound(id))
}
