use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout;

use crate::connect::Redis;
use crate::error::Error;

/// How many messages go to one server in one piece.
const PIECE: usize = 128;
/// How many messages may be on their way to a cluster at a time.
const AT_ONCE: usize = 128;

/// Hands messages, each with its channel, to the server, in order; on a cluster to the nodes of their channels, in order
/// for each channel unless a slot is just moving. If it is cancelled or fails, some may have been handed over.
pub(super) async fn hand_over(redis: &Redis, messages: Vec<(String, String)>) -> Result<(), Error> {
    let within = redis.timeout();
    let handed_over = async {
        if redis.is_cluster() {
            return hand_over_to_cluster(redis, messages).await;
        }
        for piece in messages.chunks(PIECE) {
            let mut pipeline = redis::pipe();
            for (channel, payload) in piece {
                pipeline.cmd("PUBLISH").arg(channel).arg(payload).ignore();
            }
            redis.pipeline::<()>(&pipeline).await?;
        }
        Ok(())
    };
    let handed_over = timeout(within, handed_over).await;
    handed_over.unwrap_or(Err(Error::Silent(within)))
}

/// A pipeline would have to stay within one slot.
async fn hand_over_to_cluster(redis: &Redis, messages: Vec<(String, String)>) -> Result<(), Error> {
    let sending = messages.into_iter().map(|(channel, payload)| {
        let mut publish = redis::cmd("SPUBLISH");
        publish.arg(channel).arg(payload);
        async move { redis.run::<()>(&publish).await }
    });
    stream::iter(sending)
        .buffered(AT_ONCE)
        .try_collect::<()>()
        .await
}
