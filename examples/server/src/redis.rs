use votify_redis::Redis;

use crate::failure::Failure;
use crate::settings::ServerUrl;

/// The ways to the Redis servers that help the store, one to each URL, whatever it is used for.
///
/// A store in Redis has a way of its own, so that votes wait behind nothing else.
#[derive(Debug, Default)]
pub(crate) struct Helpers {
    open: Vec<(ServerUrl, Redis)>,
}

impl Helpers {
    /// The way to this server, for the sake of `setting`.
    pub(crate) async fn connect(
        &mut self,
        setting: &str,
        url: &ServerUrl,
    ) -> Result<Redis, Failure> {
        if let Some((_, redis)) = self.open.iter().find(|(known, _)| known == url) {
            return Ok(redis.clone());
        }
        let connected = Redis::connect(url.as_given()).await;
        let redis = connected.map_err(|error| Failure::of_setting(setting, &error))?;
        self.open.push((url.clone(), redis.clone()));
        Ok(redis)
    }
}
