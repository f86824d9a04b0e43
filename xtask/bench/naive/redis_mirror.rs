//! The Redis of the source design.

use anyhow::Result;
use votify_redis::redis::aio::MultiplexedConnection;
use votify_redis::redis::{AsyncCommands, Client, RedisError};

use super::store::{Counts, Vote};

/// A voter set, counters and a channel per poll. All votes share one connection, which
/// pipelines waiting commands.
#[derive(Debug, Clone)]
pub(super) struct RedisMirror(MultiplexedConnection);

impl RedisMirror {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let client = Client::open(url)?;
        Ok(Self(client.get_multiplexed_async_connection().await?))
    }

    /// Returns true if the voter is in the poll's set.
    pub(super) async fn has_voted(&self, vote: Vote) -> Result<bool, RedisError> {
        let voter = vote.voter.into_bytes();
        self.0.clone().sismember(voters(vote), &voter[..]).await
    }

    /// Adds the voter to the set, increments both counters and publishes the total.
    pub(super) async fn count(&self, vote: Vote, counts: &Counts) -> Result<(), RedisError> {
        let mut redis = self.0.clone();
        let voter = vote.voter.into_bytes();
        redis.sadd::<_, _, ()>(voters(vote), &voter[..]).await?;
        let (options, poll) = (
            format!("naive:{}:options", vote.poll),
            format!("naive:{}", vote.poll),
        );
        let option = vote.option.to_string();
        redis.hincr::<_, _, _, ()>(options, option, 1).await?;
        redis.hincr::<_, _, _, ()>(&poll, "total", 1).await?;
        redis.publish(poll, counts.total).await
    }
}

fn voters(vote: Vote) -> String {
    format!("naive:{}:voters", vote.poll)
}
