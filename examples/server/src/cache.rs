use std::sync::Arc;

use votify_core::Store;
use votify_redis::CachedStore;

use crate::failure::Failure;
use crate::redis::Helpers;
use crate::settings::CacheUrl;

/// What stands in front of the store, if anything does.
#[derive(Debug, Clone)]
pub(crate) enum OpenCache {
    None,
    Redis(Arc<CachedStore<Arc<dyn Store>>>),
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
                Ok(Self::Redis(Arc::new(CachedStore::new(store, redis))))
            }
        }
    }

    /// The store as the engine takes it: with this in front.
    pub(crate) fn in_front_of(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        match self {
            Self::None => store,
            Self::Redis(cached) => Arc::clone(cached) as _,
        }
    }

    /// Tells it what there is to tell, which spares other instances some work.
    pub(crate) async fn close(&self) {
        match self {
            Self::None => {}
            Self::Redis(cached) => cached.settled().await,
        }
    }
}
