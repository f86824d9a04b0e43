use std::sync::Arc;

use async_trait::async_trait;
use votify_axum::ReadinessCheck;
use votify_core::limit::LimitKey;
use votify_core::{Rate, RateLimiter, Store};
use votify_redis::{CachedStore, Redis, RedisRateLimiter};

use crate::error::CliError;
use crate::redis_connections::RedisConnections;
use crate::settings::CacheUrl;

/// The cache chosen by `--cache`.
#[derive(Debug, Clone)]
pub(crate) enum ServerCache {
    None,
    Redis {
        cached: Arc<CachedStore<Arc<dyn Store>>>,
        redis: Redis,
    },
}

impl ServerCache {
    pub(crate) async fn open(
        url: &CacheUrl,
        store: Arc<dyn Store>,
        connections: &mut RedisConnections,
    ) -> Result<Self, CliError> {
        match url {
            CacheUrl::None => Ok(Self::None),
            CacheUrl::Redis(url) => {
                let redis = connections.connect("--cache", url).await?;
                let cached = Arc::new(CachedStore::new(store, redis.clone()));
                Ok(Self::Redis { cached, redis })
            }
        }
    }

    /// Returns the store for the engine, with the cache in front of it.
    pub(crate) fn in_front_of(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        match self {
            Self::None => store,
            Self::Redis { cached, .. } => Arc::clone(cached) as _,
        }
    }

    /// Returns the readiness check of the cache, or `None` without a cache.
    pub(crate) fn check(&self) -> Option<CacheCheck> {
        match self {
            Self::None => None,
            Self::Redis { redis, .. } => {
                Some(CacheCheck(RedisRateLimiter::from_client(redis.clone())))
            }
        }
    }

    /// Writes pending snapshots to the cache, so that other instances need not read the
    /// store.
    pub(crate) async fn close(&self) {
        match self {
            Self::None => {}
            Self::Redis { cached, .. } => cached.flush().await,
        }
    }
}

/// Checks that the cache's Redis can be written to. Votes continue without it.
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
        self.0.acquire(&key, &Rate::per_minute(1), 1).await.is_ok()
    }
}
