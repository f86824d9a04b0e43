//! A read-through cache in Redis for any store. The store remains the only authority.
//!
//! # Answers from Redis
//!
//! - **[`AlreadyVoted`] and other refusals** of repeated votes, in polls without revote.
//!   Redis stores a fingerprint of each voter's accepted ballot. A ballot with another id
//!   is evaluated by [`decide`] against the voter's history. That history is complete,
//!   because a vote in such a poll can be neither replaced nor withdrawn. If the result
//!   is a refusal, the store is not called. All other ballots go to the store: first
//!   votes, possible replays, and ballots that `decide` does not refuse.
//! - **Polls** that are read one at a time, and **tallies of sealed polls**.
//!
//! Tallies of open polls always come from the store, because votes do not wait for Redis.
//! Concurrent reads of the same poll on one instance share one load of the store. A read
//! joins only a load that starts after the read was requested, so it never returns an
//! older state.
//!
//! # Guarantees
//!
//! The cache upholds the laws of [`Store`], for one instance and for several that share a
//! Redis:
//!
//! - Nobody votes twice and no vote is lost, independent of the state of Redis. Only the
//!   store accepts votes.
//! - A cached poll (its existence, definition, epoch and seal) is valid for a **lease**
//!   ([`CacheConfig::lease`], default 1 s). The lease starts before the store is read.
//!   Edits, seals, repairs and deletions revoke it before they return: by a write to
//!   Redis, or by waiting for one lease. So no instance contradicts an earlier answer of
//!   another one. The exception is a seal at the deadline, which does not wait: a lease
//!   ends at the poll's `closes_at` at the latest.
//! - The tally beside a cached refusal is at least as new as this instance's last answer
//!   and the voter's own vote. It is at most one lease old.
//!
//! In three cases, an answer may be outdated by up to one lease:
//!
//! - Another program changes the store without this cache.
//! - Redis is flushed, or fails over to an outdated replica, right after a change that
//!   happened while another instance read the poll.
//! - The clocks of Redis and of the instances disagree when a poll closes.
//!
//! Outdated answers are refusals for another reason, definitions, or sealed tallies. They
//! never count a vote.
//!
//! If the store loses acknowledged votes (a restored backup), repair its polls, which
//! raises their epoch, or flush Redis. Otherwise voters whose votes were lost get
//! [`AlreadyVoted`].
//!
//! # Without Redis
//!
//! A call waits for Redis up to [`CacheConfig::timeout`] (default 150 ms). After the
//! first call without an answer, a circuit breaker opens and all calls go to the store. A
//! background task probes Redis every 250 ms and closes the breaker. Writes to Redis
//! happen after the answer, for each poll only the newest snapshot, in bounded memory.
//! Data that Redis lost is restored by later votes; the fingerprint of an old vote is
//! restored when the voter tries again.
//!
//! [`AlreadyVoted`]: votify_core::Refusal::AlreadyVoted
//! [`decide`]: votify_core::ballot::decide

mod cache_core;
mod config;
mod leases;
mod lookup;
mod observed_states;
mod precheck;
mod redis;
mod store;
mod write_behind;

use std::fmt;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;
use votify_core::Store;

use cache_core::CacheCore;
pub use config::CacheConfig;

use crate::connect::Redis;

/// A store with a read-through cache in Redis.
///
/// Repeated votes and reads of polls are answered without the store. The [module
/// documentation](self) describes the guarantees. All instances that share a store should
/// share this cache.
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
    core: Arc<CacheCore<S>>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl<S: Store> CachedStore<S> {
    /// Wraps `store` with the default [`CacheConfig`].
    ///
    /// # Panics
    /// Panics outside of a tokio runtime. Two background tasks write to Redis until this
    /// value is dropped.
    #[must_use]
    pub fn new(store: S, redis: Redis) -> Self {
        Self::with_config(store, redis, CacheConfig::default())
    }

    /// Wraps `store` with the given configuration. Values out of bounds are clamped.
    ///
    /// ```no_run
    /// # async fn run(store: impl votify_core::Store) -> Result<(), votify_redis::ConnectError> {
    /// use std::time::Duration;
    /// use votify_redis::{CacheConfig, CachedStore, Redis};
    ///
    /// let redis = Redis::connect("redis://localhost:6379").await?;
    /// let config = CacheConfig {
    ///     timeout: Duration::from_millis(50),
    ///     ..CacheConfig::default()
    /// };
    /// let store = CachedStore::with_config(store, redis, config);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// Same as [`new`](Self::new).
    #[must_use]
    pub fn with_config(store: S, redis: Redis, config: CacheConfig) -> Self {
        let core = Arc::new(CacheCore::new(store, redis, &config.normalized()));
        let writer = tokio::spawn(core.writer().run());
        let probe = tokio::spawn(redis::probe(Arc::clone(&core.cache)));
        Self {
            core,
            _tasks: [writer, probe].map(AbortOnDropHandle::new),
        }
    }

    /// Waits until all pending writes to Redis are done or have failed. Cancel safe.
    ///
    /// No call needs this. Before a shutdown, it saves other instances reads of the
    /// store.
    pub async fn flush(&self) {
        self.core.queue.flush().await;
    }
}

impl<S: fmt::Debug> fmt::Debug for CachedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedStore")
            .field("store", &self.core.store)
            .finish_non_exhaustive()
    }
}
