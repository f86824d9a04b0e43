use super::keys::{dirty_scores_key, intents_key};
use crate::connect::Redis;
use crate::store::error::{Corrupt, Error};
use crate::store::poll_read::{bytes, list};
use crate::store::scripts::PENDING;

/// Polls that wait to be reindexed, up to 500 of each kind.
pub(super) struct PendingPolls {
    /// Members of polls with an intent.
    pub(super) intents: Vec<Vec<u8>>,
    /// Members of polls with a changed score, each with its time.
    pub(super) dirty_scores: Vec<(Vec<u8>, Vec<u8>)>,
}

impl PendingPolls {
    pub(super) async fn read(redis: &Redis) -> Result<Self, Error> {
        let keys = [intents_key(redis), dirty_scores_key(redis)];
        let reply = PENDING.call(redis, &keys, &[]).await?;
        let parse = || {
            let mut parts = list(reply)?.into_iter();
            let intents = list(parts.next()?)?.into_iter().map(bytes);
            let intents = intents.collect::<Option<_>>()?;
            let mut scored = list(parts.next()?)?.into_iter();
            let mut dirty_scores = Vec::new();
            while let Some(member) = scored.next() {
                dirty_scores.push((bytes(member)?, bytes(scored.next()?)?));
            }
            Some(Self {
                intents,
                dirty_scores,
            })
        };
        parse().ok_or_else(|| Corrupt::of_listing("the reply of a script").into())
    }
}
