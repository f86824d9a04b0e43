//! Redis as a helper in front of a store: it spares the store work, and decides nothing.
//!
//! # What comes out of Redis
//!
//! - **"No" to who has voted already**, in polls without revote. Redis remembers who has voted, with a digest of the
//!   ballot's id. A ballot with another id is put before the rule itself ([`decide`](votify_core::ballot::decide)), with the
//!   voter's history, which is known to be whole: a vote that stands in such a poll can be neither replaced nor taken back.
//!   What the rule refuses is refused without the store. Anything else goes to the store: who is not known to have voted, a
//!   ballot whose id may be the accepted one (it may be a replay), and whatever the rule would do other than refuse.
//! - **Polls** one at a time, and **results of sealed polls**.
//!
//! Tallies of open polls come from the store every time, because votes do not wait for Redis, so Redis may not have heard
//! of the last ones. All who ask an instance for the same poll at the same time share one load of the store, which began
//! after each of them had asked.
//!
//! # What is promised
//!
//! The laws of [`Store`], for one instance and for several that share a Redis:
//!
//! - Nobody votes twice, and no vote is lost, whatever becomes of Redis: a "yes" comes from the store alone.
//! - What Redis says of a poll (that it exists, its definition, its epoch, whether it is sealed) holds for a **lease**, a second
//!   unless told otherwise, counted from before the store was asked. An edit, a seal, a repair and a deletion call it in before
//!   they are answered: by writing to Redis, or if that cannot be done by waiting for as long as a lease lasts. So no instance
//!   answers contrary to what another one has answered before. A poll's lease ends with its `closes_at`, so that sealing polls
//!   that are due need not wait.
//! - The tally beside a fast "no" is never older than what this instance has told, nor than the voter's own vote, and at
//!   most a lease older than the newest one.
//!
//! Three things are beyond leases, and answered at most a lease late: changes by a program that uses the store without this
//! cache; a change that was made while another instance read the poll, if Redis is flushed (or fails over to a replica that had not
//! heard of it) right after; and clocks of Redis and of the instances that are apart at a poll's end. What comes late is then a
//! refusal for another reason, a definition or a sealed tally; never a vote that counts.
//!
//! If a store loses acknowledged votes (a restored backup), its polls must be repaired, which raises their epoch, or Redis be flushed:
//! else voters whose votes were lost are told that they have voted.
//!
//! # What becomes of it without Redis
//!
//! A call waits for Redis at most as long as [`patience`](CacheConfig::patience) says. From the first call that is not answered
//! on, Redis is left alone until it answers a probe, so votes of that time go straight to the store. Writing to Redis happens
//! after the answer, of each poll only the newest snapshot, in bounded memory. Whatever Redis forgets it is told again: by
//! votes, and about old voters when they try to vote anew.

mod breaker;
mod casting;
mod clerk;
mod config;
mod leases;
mod local;
mod lookup;
mod mark;
mod owning;
mod precheck;
mod reading;
mod redis;
mod store;
mod write_behind;

use std::fmt;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;
use votify_core::Store;

pub use config::CacheConfig;
use leases::Shared;

use crate::connect::Redis;

/// A store with Redis as its helper: a flood of repeated votes, and of questions about polls, does not reach the store.
///
/// See the [module](self) for what is promised. All instances that share a store should share this cache.
///
/// ```no_run
/// # async fn run(store: impl votify_core::Store) -> Result<(), votify_redis::ConnectError> {
/// use votify_core::PollEngine;
/// use votify_redis::{CachedStore, Redis};
///
/// let redis = Redis::connect("redis://localhost:6379").await?;
/// let engine = PollEngine::new(CachedStore::new(store, redis));
/// # Ok(())
/// # }
/// ```
pub struct CachedStore<S> {
    shared: Arc<Shared<S>>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl<S: Store> CachedStore<S> {
    /// Puts Redis in front of `store`.
    ///
    /// # Panics
    /// Outside of a tokio runtime, which runs the two tasks that write to Redis; they end with this value.
    #[must_use]
    pub fn new(store: S, redis: Redis) -> Self {
        Self::with_config(store, redis, CacheConfig::default())
    }

    /// The same with other lives and bounds; what is out of bounds is brought to the nearest.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[must_use]
    pub fn with_config(store: S, redis: Redis, config: CacheConfig) -> Self {
        let shared = Arc::new(Shared::new(store, redis, &config.in_bounds()));
        let writing = tokio::spawn(clerk::write(Arc::clone(&shared)));
        let probing = tokio::spawn(clerk::probe(Arc::clone(&shared)));
        Self {
            shared,
            _tasks: [writing, probing].map(AbortOnDropHandle::new),
        }
    }

    /// Waits until Redis has been told what there was to tell, or cannot be. Cancel safe.
    ///
    /// No call waits for that by itself. Before a shutdown it spares other instances some work.
    pub async fn settled(&self) {
        self.shared.desk.cleared().await;
    }
}

impl<S: fmt::Debug> fmt::Debug for CachedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedStore")
            .field("store", &self.shared.store)
            .finish_non_exhaustive()
    }
}
