use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout;

use crate::connect::Redis;
use crate::error::Error;

/// Maximum messages in one pipeline. It bounds the connection's buffer, and other calls
/// on the connection wait for one pipeline at most.
const PIPELINE_SIZE: usize = 128;
/// Maximum concurrent messages to a cluster. Same bound as for pipelines.
const MAX_IN_FLIGHT: usize = 128;

/// Publishes messages, each with its channel, in order.
///
/// On a cluster, the order holds per channel, except while its cluster slot is moving. If
/// the call fails or is cancelled, a part of the messages may have been published.
pub(super) async fn publish(redis: &Redis, messages: Vec<(String, String)>) -> Result<(), Error> {
    let limit = redis.timeout();
    let publish = async {
        if redis.is_cluster() {
            return publish_to_cluster(redis, messages).await;
        }
        for chunk in messages.chunks(PIPELINE_SIZE) {
            let mut pipeline = redis::pipe();
            for (channel, payload) in chunk {
                pipeline.cmd("PUBLISH").arg(channel).arg(payload).ignore();
            }
            redis.pipeline::<()>(&pipeline).await?;
        }
        Ok(())
    };
    let published = timeout(limit, publish).await;
    published.unwrap_or(Err(Error::Timeout(limit)))
}

/// Sends single commands, because a pipeline must not span several cluster slots.
async fn publish_to_cluster(redis: &Redis, messages: Vec<(String, String)>) -> Result<(), Error> {
    let sends = messages.into_iter().map(|(channel, payload)| {
        let mut publish = redis::cmd("SPUBLISH");
        publish.arg(channel).arg(payload);
        async move { redis.run::<()>(&publish).await }
    });
    stream::iter(sends)
        .buffered(MAX_IN_FLIGHT)
        .try_collect::<()>()
        .await
}
