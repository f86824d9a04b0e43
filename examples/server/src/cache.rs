use std::sync::Arc;

use async_trait::async_trait;
use votify_axum::ReadinessCheck;
use votify_core::limit::LimitKey;
use votify_core::{Clock, Quota, RateLimiter, Store, SystemClock};
use votify_redis::{CachedStore, Redis, RedisRateLimiter};

use crate::failure::Failure;
use crate::redis::Helpers;
use crate::settings::CacheUrl;

/// What stands in front of the store, if anything does.
#[derive(Debug, Clone)]
pub(crate) enum OpenCache {
    None,
    Redis {
        cached: Arc<CachedStore<Arc<dyn Store>>>,
        redis: Redis,
    },
}

impl OpenCache {
    pub(crate) async fn open(
        url: &CacheUrl,
        store: Arc<dyn Store>,
        helpers: &mut Helpers,
    ) -> Result<Self, Failure> {
        match url {
            CacheUrl::None => Ok(Self::None),
            CacheUrl::Redis(url) => {
                let redis = helpers.connect("--cache", url).await?;
                let cached = Arc::new(CachedStore::new(store, redis.clone()));
                Ok(Self::Redis { cached, redis })
            }
        }
    }

    /// The store as the engine takes it: with this in front.
    pub(crate) fn in_front_of(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        match self {
            Self::None => store,
            Self::Redis { cached, .. } => Arc::clone(cached) as _,
        }
    }

    /// Asks it for a sign of life, now and then.
    pub(crate) fn check(&self) -> Option<CacheCheck> {
        match self {
            Self::None => None,
            Self::Redis { redis, .. } => {
                Some(CacheCheck(RedisRateLimiter::from_client(redis.clone())))
            }
        }
    }

    /// Tells it what there is to tell, which spares other instances some work.
    pub(crate) async fn close(&self) {
        match self {
            Self::None => {}
            Self::Redis { cached, .. } => cached.flush().await,
        }
    }
}

/// Whether the cache's Redis answers, and can be written to. Votes go on without it.
#[derive(Debug)]
pub(crate) struct CacheCheck(RedisRateLimiter);

#[async_trait]
impl ReadinessCheck for CacheCheck {
    fn component(&self) -> &'static str {
        "cache"
    }

    fn backend(&self) -> &'static str {
        self.0.backend()
    }

    async fn is_ready(&self) -> bool {
        let key = LimitKey::from_bytes(*b"votify cache ok?");
        let (quota, now) = (Quota::per_minute(1), SystemClock.now());
        self.0.acquire(&key, &quota, now).await.is_ok()
    }
}
