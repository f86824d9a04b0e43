use std::sync::Arc;

use votify_core::{MemoryRateLimiter, RateLimiter};
use votify_redis::RedisRateLimiter;

use crate::error::CliError;
use crate::redis_connections::RedisConnections;
use crate::settings::LimitsUrl;

/// Opens the rate limiter chosen by `--limits`. Returns `None` if limits are off.
pub(crate) async fn open(
    url: &LimitsUrl,
    connections: &mut RedisConnections,
) -> Result<Option<Arc<dyn RateLimiter>>, CliError> {
    match url {
        LimitsUrl::Off => Ok(None),
        LimitsUrl::Local => Ok(Some(Arc::new(MemoryRateLimiter::new()))),
        LimitsUrl::Redis(url) => {
            let redis = connections.connect("--limits", url).await?;
            Ok(Some(Arc::new(RedisRateLimiter::from_client(redis))))
        }
    }
}
