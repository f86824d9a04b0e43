use std::sync::Arc;

use votify_core::{MemoryRateLimiter, RateLimiter};
use votify_redis::RedisRateLimiter;

use crate::failure::Failure;
use crate::redis::Helpers;
use crate::settings::LimiterUrl;

/// Counts attempts where the setting says; `None` counts none.
pub(crate) async fn open(
    url: &LimiterUrl,
    helpers: &mut Helpers,
) -> Result<Option<Arc<dyn RateLimiter>>, Failure> {
    match url {
        LimiterUrl::Off => Ok(None),
        LimiterUrl::Local => Ok(Some(Arc::new(MemoryRateLimiter::new()))),
        LimiterUrl::Redis(url) => {
            let redis = helpers.connect("--limits", url).await?;
            Ok(Some(Arc::new(RedisRateLimiter::from_client(redis))))
        }
    }
}
