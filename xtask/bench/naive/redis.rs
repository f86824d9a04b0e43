use anyhow::Result;
use votify_redis::redis::aio::MultiplexedConnection;
use votify_redis::redis::{AsyncCommands, Client, RedisError};

use super::flow::{Counts, Vote};

/// The Redis beside the database. One connection for all votes, which sends what waits together.
#[derive(Debug, Clone)]
pub(super) struct Beside(MultiplexedConnection);

impl Beside {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let client = Client::open(url)?;
        Ok(Self(client.get_multiplexed_async_connection().await?))
    }

    /// Whether the voter is in the set.
    pub(super) async fn has_voted(&self, vote: Vote) -> Result<bool, RedisError> {
        let voter = vote.voter.into_bytes();
        self.0.clone().sismember(voters(vote), &voter[..]).await
    }

    /// Raises its own counters, and tells who listens.
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
