use redis::Value;
use votify_core::PollId;

use super::entry::{dirty_scores_key, intents_key, rows_key};
use crate::store::RedisStore;
use crate::store::error::{Corrupt, Error};
use crate::store::poll_read::{bytes, list, number};
use crate::store::scripts::LIST;

/// A page of a listing, with the polls that wait to be reindexed.
pub(super) struct IndexPage {
    /// Number of polls in the listing.
    pub(super) total: u64,
    pub(super) ids: Vec<PollId>,
    /// The rows of the polls, if requested.
    pub(super) rows: Vec<Option<Vec<u8>>>,
    /// Members of polls with an intent.
    pub(super) intents: Vec<Vec<u8>>,
    /// Members of polls with a changed trending score, each with its time.
    pub(super) dirty_scores: Vec<(Vec<u8>, Vec<u8>)>,
}

impl IndexPage {
    /// Reads `length` entries from index `first` on.
    pub(super) async fn read(
        store: &RedisStore,
        key: &str,
        first: u64,
        length: u64,
        with_rows: bool,
    ) -> Result<Self, Error> {
        let redis = &store.redis;
        let keys = [
            key.to_owned(),
            rows_key(redis),
            intents_key(redis),
            dirty_scores_key(redis),
        ];
        let last = (first + length).saturating_sub(1).to_string();
        let first = first.to_string();
        let with_rows: &[u8] = if with_rows { b"1" } else { b"0" };
        let arguments = [first.as_bytes(), last.as_bytes(), with_rows];
        let reply = LIST.call(redis, &keys, &arguments).await?;
        Self::parse(reply).ok_or_else(|| Corrupt::of_listing("the reply of a script").into())
    }

    fn parse(reply: Value) -> Option<Self> {
        let mut parts = list(reply)?.into_iter();
        let total = number(parts.next()?)?;
        let ids = list(parts.next()?)?.into_iter().map(|id| {
            let id = <[u8; 16]>::try_from(bytes(id)?).ok()?;
            Some(PollId::from_bytes(id))
        });
        let ids = ids.collect::<Option<_>>()?;
        let rows = list(parts.next()?)?.into_iter().map(bytes).collect();
        let intents = list(parts.next()?)?.into_iter().map(bytes);
        let intents = intents.collect::<Option<_>>()?;
        let mut scored = list(parts.next()?)?.into_iter();
        let mut dirty_scores = Vec::new();
        while let Some(member) = scored.next() {
            dirty_scores.push((bytes(member)?, bytes(scored.next()?)?));
        }
        Some(Self {
            total,
            ids,
            rows,
            intents,
            dirty_scores,
        })
    }
}
