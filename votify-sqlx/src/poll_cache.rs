use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use votify_core::poll::PollState;
use votify_core::{PollId, Position};

/// The approximate capacity.
const CAPACITY_BYTES: u64 = 16 << 20;
/// The approximate size of a poll with two options.
const POLL_BYTES: u64 = 1 << 10;
/// The approximate size of a poll without its texts and options.
const FIELDS_BYTES: usize = 512;
/// The approximate size of an option without its text.
const OPTION_BYTES: usize = 96;

/// Caches committed poll states, so that a batch re-reads only polls whose row version
/// changed.
///
/// A cached state is valid if and only if the database has the poll at the same row
/// version. After a crash or a failover, a database may have lost commits and reach the
/// same position with other votes. All connections break in that case, so a store calls
/// [`invalidate_all`](Self::invalidate_all) for every new connection. That is why only a
/// store's own pool may use this cache.
#[derive(Debug)]
pub(crate) struct PollStateCache {
    polls: Cache<PollId, Arc<CachedState>, Weight>,
    generation: AtomicU64,
}

/// The number of invalidations so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Generation(u64);

/// The version of a tally's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowVersion {
    pub(crate) position: Position,
    /// A value of the database that differs between two polls with the same id, of which
    /// the first was deleted.
    pub(crate) token: i64,
}

/// A committed state of a poll.
#[derive(Debug)]
pub(crate) struct CachedState {
    pub(crate) state: PollState,
    token: i64,
    generation: Generation,
}

impl CachedState {
    pub(crate) const fn row_version(&self) -> RowVersion {
        RowVersion {
            position: self.state.tally.position,
            token: self.token,
        }
    }
}

impl PollStateCache {
    pub(crate) fn new() -> Self {
        let polls = usize::try_from(CAPACITY_BYTES / POLL_BYTES).unwrap_or(usize::MAX);
        Self {
            polls: Cache::with_weighter(polls, CAPACITY_BYTES, Weight),
            generation: AtomicU64::new(0),
        }
    }

    /// Returns the current generation. Call this before anything is read: the results
    /// belong to this generation. If the connection that reads is opened later, they are
    /// not cached.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::SeqCst))
    }

    /// Returns the last known state of a poll, if `generation` is still the current one
    /// and the state belongs to it.
    pub(crate) fn get(&self, id: PollId, generation: Generation) -> Option<Arc<CachedState>> {
        let cached = self.polls.get(&id)?;
        // The second check matters for a state that another task was inserting while
        // everything was invalidated.
        (cached.generation == generation && generation == self.generation()).then_some(cached)
    }

    /// Splits polls into cached states with the given row version, and polls to read.
    pub(crate) fn split_hits(
        &self,
        generation: Generation,
        versions: &[(PollId, RowVersion)],
    ) -> (Vec<PollState>, Vec<PollId>) {
        let (mut hits, mut misses) = (Vec::with_capacity(versions.len()), Vec::new());
        for (id, version) in versions {
            let cached = self.get(*id, generation);
            match cached.filter(|cached| cached.row_version() == *version) {
                Some(cached) => hits.push(cached.state.clone()),
                None => misses.push(*id),
            }
        }
        (hits, misses)
    }

    /// Caches a state that was read or committed on a connection that was held since
    /// `generation`.
    pub(crate) fn insert(&self, generation: Generation, state: PollState, token: i64) {
        // A state of an older generation would never be returned.
        if generation == self.generation() {
            let id = state.poll.id;
            let state = CachedState {
                state,
                token,
                generation,
            };
            self.polls.insert(id, Arc::new(state));
        }
    }

    /// Starts a new generation. Call this for each new connection, before its first use.
    pub(crate) fn invalidate_all(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.polls.clear();
    }
}

/// Estimates the size of a cached state in bytes.
#[derive(Debug, Clone)]
struct Weight;

impl Weighter<PollId, Arc<CachedState>> for Weight {
    fn weight(&self, _: &PollId, cached: &Arc<CachedState>) -> u64 {
        let poll = &cached.state.poll;
        let options = poll.options.iter();
        let options: usize = options.map(|option| option.text.len() + OPTION_BYTES).sum();
        let texts = poll.title.len() + poll.description.len();
        u64::try_from(FIELDS_BYTES + texts + options).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use votify_core::{Keyring, PollDraft, Timestamp};

    use super::*;

    fn state() -> PollState {
        let now = Timestamp::EPOCH;
        let draft = PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
        let poll = draft.into_poll(PollId::generate(now), now, &Keyring::ephemeral());
        PollState::new(poll.unwrap())
    }

    #[test]
    fn states_of_an_older_generation_are_not_cached() {
        let (cache, state) = (PollStateCache::new(), state());
        let id = state.poll.id;
        let before = cache.generation();
        cache.insert(before, state.clone(), 7);
        let cached = cache.get(id, cache.generation()).unwrap();
        let version = |token| RowVersion {
            position: Position::START,
            token,
        };
        assert_eq!(cached.row_version(), version(7));
        let (hits, misses) = cache.split_hits(cache.generation(), &[(id, version(7))]);
        assert_eq!((hits.len(), misses), (1, vec![]));
        let (hits, misses) = cache.split_hits(cache.generation(), &[(id, version(8))]);
        assert_eq!((hits.len(), misses), (0, vec![id]));
        cache.generation.fetch_add(1, Ordering::SeqCst);
        // As if the state had been inserted after everything was cleared.
        assert!(cache.get(id, before).is_none());
        cache.invalidate_all();
        assert!(cache.get(id, cache.generation()).is_none());
        cache.insert(before, state, 7);
        assert!(cache.get(id, cache.generation()).is_none());
        assert!(cache.get(id, before).is_none());
    }

    #[test]
    fn capacity_is_bounded() {
        let cache = PollStateCache::new();
        for _ in 0..40_000 {
            cache.insert(cache.generation(), state(), 0);
        }
        assert!(cache.polls.weight() <= CAPACITY_BYTES);
        assert!(cache.polls.len() < 30_000);
    }
}
