//! Reads of the store that grant leases, and their revocation.

use std::sync::Arc;

use futures_util::future::try_join;
use tokio::time::Instant;
use votify_core::{Poll, PollId, Store, StoreError, Tally};

use super::cache_core::CacheCore;
use super::lookup::{CacheState, CachedPoll, Lookup};
use super::redis::CacheWrite;

/// Maximum reads of a poll whose definition and tally differ in version. More than one
/// repetition needs an edit during each read.
const MAX_READS: usize = 3;

/// The result of loading a poll from the store.
#[derive(Debug, Clone)]
pub(super) enum LoadResult {
    Missing,
    Poll(CachedPoll),
    /// Every read was interrupted by an edit. The definition is current, a matching tally
    /// is missing.
    EditedDuringRead(Arc<Poll>),
}

impl<S: Store> CacheCore<S> {
    /// Returns the cached state, unless this instance has observed a newer one.
    pub(super) fn leased_state<'a>(&self, lookup: &'a Lookup) -> Option<&'a CachedPoll> {
        match &lookup.state {
            CacheState::Hit(cached) if self.observed.is_consistent_with(&cached.tally) => {
                Some(cached)
            }
            _ => None,
        }
    }

    /// Loads a poll from the store and grants a lease that starts at `lookup`.
    pub(super) async fn load(
        &self,
        poll: PollId,
        lookup: &Lookup,
    ) -> Result<LoadResult, StoreError> {
        let load = async {
            let loaded = self.read(poll).await?;
            if let LoadResult::Poll(cached) = &loaded {
                self.observed.observe(&cached.tally, Some(&cached.poll));
                let lease_end = self.cache.lease_end(lookup);
                self.queue.push(&cached.tally, lease_end, []);
            }
            Ok(loaded)
        };
        self.poll_loads.get(poll, load).await
    }

    /// Reads definition and tally until both have the same version.
    async fn read(&self, id: PollId) -> Result<LoadResult, StoreError> {
        let mut last = None;
        for _ in 0..MAX_READS {
            let ids = [id];
            let (polls, tallies) =
                try_join(self.store.polls(&ids), self.store.tallies(&ids)).await?;
            let poll = polls.into_iter().next().flatten();
            let tally = tallies.into_iter().next().flatten();
            let (Some(poll), Some(tally)) = (poll, tally) else {
                self.observed.observe_missing(id);
                return Ok(LoadResult::Missing);
            };
            let poll = Arc::new(poll);
            if poll.version == tally.version {
                return Ok(LoadResult::Poll(CachedPoll {
                    poll,
                    tally: Arc::new(tally),
                }));
            }
            last = Some(poll);
        }
        Ok(last.map_or(LoadResult::Missing, LoadResult::EditedDuringRead))
    }

    /// Writes a changed state to Redis, which revokes leases on older ones. Returns true
    /// if Redis executed it.
    pub(super) async fn write_state(&self, tally: &Tally, poll: Option<&Poll>) -> bool {
        let write = CacheWrite {
            tally,
            poll,
            lease_end: 0,
            voters: &[],
        };
        self.cache.put(&write).await
    }

    /// Revokes the leases on a poll that has just changed.
    ///
    /// If the write to Redis returns false, this waits for one lease.
    pub(super) async fn revoke_leases(&self, write: impl Future<Output = bool>) {
        let changed_at = Instant::now();
        if !write.await {
            tokio::time::sleep_until(changed_at + self.cache.lease).await;
        }
    }
}
