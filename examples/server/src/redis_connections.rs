use votify_redis::Redis;

use crate::error::CliError;
use crate::settings::ServerUrl;

/// Connections to the Redis servers of the optional backends, one per URL, shared between
/// their uses.
///
/// A store in Redis has its own connection, so that votes do not queue behind other
/// commands.
#[derive(Debug, Default)]
pub(crate) struct RedisConnections {
    open: Vec<(ServerUrl, Redis)>,
}

impl RedisConnections {
    /// Returns the connection to `url`, and connects first if there is none. Errors name
    /// `setting`.
    pub(crate) async fn connect(
        &mut self,
        setting: &str,
        url: &ServerUrl,
    ) -> Result<Redis, CliError> {
        if let Some((_, redis)) = self.open.iter().find(|(known, _)| known == url) {
            return Ok(redis.clone());
        }
        let connected = Redis::connect(url.as_str()).await;
        let redis = connected.map_err(|error| CliError::for_setting(setting, &error))?;
        self.open.push((url.clone(), redis.clone()));
        Ok(redis)
    }
}
