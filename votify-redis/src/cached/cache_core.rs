use std::sync::Arc;

use votify_core::backend::SingleFlight;
use votify_core::{Store, StoreError, Tally};

use super::config::CacheConfig;
use super::leases::LoadResult;
use super::observed_states::ObservedStates;
use super::redis::RedisCache;
use super::write_behind::{CacheWriter, WriteBehindQueue};
use crate::connect::Redis;

/// The state that calls and background tasks share.
#[derive(Debug)]
pub(super) struct CacheCore<S> {
    pub(super) store: Arc<S>,
    pub(super) cache: Arc<RedisCache>,
    pub(super) observed: Arc<ObservedStates>,
    pub(super) queue: Arc<WriteBehindQueue>,
    pub(super) tally_loads: SingleFlight<Result<Option<Arc<Tally>>, StoreError>>,
    pub(super) poll_loads: SingleFlight<Result<LoadResult, StoreError>>,
}

impl<S: Store> CacheCore<S> {
    pub(super) fn new(store: S, redis: Redis, config: &CacheConfig) -> Self {
        Self {
            store: Arc::new(store),
            cache: Arc::new(RedisCache::new(redis, config)),
            observed: Arc::new(ObservedStates::new(config.polls)),
            queue: Arc::new(WriteBehindQueue::new(config.max_pending_voters)),
            tally_loads: SingleFlight::new(),
            poll_loads: SingleFlight::new(),
        }
    }

    /// Returns the background writer of this cache.
    pub(super) fn writer(&self) -> CacheWriter<S> {
        CacheWriter {
            store: Arc::clone(&self.store),
            cache: Arc::clone(&self.cache),
            observed: Arc::clone(&self.observed),
            queue: Arc::clone(&self.queue),
        }
    }
}
