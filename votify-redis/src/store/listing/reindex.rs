//! Updates the listings.
//!
//! A call that creates, changes, seals or deletes polls writes [`IndexIntents`] first, and
//! removes them after the listings are updated. If the process is killed in between, the
//! next call that lists polls does the update. Votes change only a poll's trending score,
//! and whether it ever had ballots. [`DirtyScores`] writes those polls afterwards, many at
//! a time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use redis::{Value, cmd};
use tokio::time::{Instant, sleep};
use votify_core::PollId;

use super::entry::{IndexEntry, Row};
use super::keys::{dirty_scores_key, intents_key, rows_key};
use super::pending::PendingPolls;
use crate::connect::Redis;
use crate::error;
use crate::store::RedisStore;
use crate::store::cas::with_short_timeout;
use crate::store::error::{Corrupt, Error};
use crate::store::lifecycle;
use crate::store::scripts::{INDEX_CLEAR, INDEX_UPDATE, ZADD_NOW};

/// Minimum interval between two reindexings of pending polls by one process.
const REINDEX_INTERVAL: Duration = Duration::from_millis(250);
/// Minimum age in milliseconds before [`reindex_pending`] removes an intent. It exceeds
/// the time of a change and of a read that started before it (4 s each).
const INTENT_LIFETIME_MS: &str = "10000";
/// Maximum polls reindexed at once. It bounds the calls that wait on the connection.
const MAX_CONCURRENT_POLLS: usize = 64;
/// Delay before changed scores are written: half of the documented delay of listings,
/// which is 1 s.
const SCORE_DELAY: Duration = Duration::from_millis(500);
/// Maximum attempts to write changed scores, 500 ms apart: about 10 s.
const MAX_SCORE_ATTEMPTS: u32 = 20;
/// Maximum polls in one call of `zadd_now.lua`.
const MEMBERS_PER_CALL: usize = 1_000;

/// The intents of one call, for the polls that it is about to change.
pub(in crate::store) struct IndexIntents(Vec<IndexIntent>);

struct IndexIntent {
    poll: PollId,
    /// Poll id followed by random bytes, which distinguish this intent from others.
    member: Vec<u8>,
}

impl IndexIntents {
    pub(in crate::store) async fn write(redis: &Redis, polls: &[PollId]) -> Result<Self, Error> {
        let intent = |poll: &PollId| IndexIntent {
            poll: *poll,
            member: [poll.as_bytes().as_slice(), &fastrand::u64(..).to_be_bytes()].concat(),
        };
        let intents: Vec<IndexIntent> = polls.iter().map(intent).collect();
        for intents in intents.chunks(MEMBERS_PER_CALL) {
            let members: Vec<&[u8]> = intents.iter().map(|intent| &*intent.member).collect();
            ZADD_NOW
                .call(redis, &[intents_key(redis)], &members)
                .await?;
        }
        Ok(Self(intents))
    }

    /// Keeps the intents of some polls. The next call that lists polls removes the
    /// others.
    pub(in crate::store) fn retain(&mut self, keep: impl Fn(PollId) -> bool) {
        self.0.retain(|intent| keep(intent.poll));
    }

    fn polls(&self) -> Vec<PollId> {
        self.0.iter().map(|intent| intent.poll).collect()
    }

    async fn cancel(self, redis: &Redis) -> Result<(), error::Error> {
        for intents in self.0.chunks(MEMBERS_PER_CALL) {
            let mut remove = cmd("ZREM");
            remove.arg(intents_key(redis));
            for intent in intents {
                remove.arg(&intent.member);
            }
            redis.run::<Value>(&remove).await?;
        }
        Ok(())
    }
}

/// Polls whose rows are outdated because of votes.
#[derive(Debug, Default)]
pub(in crate::store) struct DirtyScores(Mutex<HashSet<PollId>>);

impl DirtyScores {
    /// Adds a poll. Must be called within a tokio runtime.
    pub(in crate::store) fn add(self: &Arc<Self>, redis: &Redis, poll: PollId) {
        let mut polls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = polls.is_empty();
        polls.insert(poll);
        drop(polls);
        if is_first {
            tokio::spawn(Arc::clone(self).write(redis.clone()));
        }
    }

    async fn write(self: Arc<Self>, redis: Redis) {
        let key = dirty_scores_key(&redis);
        sleep(SCORE_DELAY).await;
        // Drained first: later votes start another task.
        let polls: Vec<PollId> = {
            let mut polls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            polls.drain().collect()
        };
        for polls in polls.chunks(MEMBERS_PER_CALL) {
            let members: Vec<&[u8]> = polls
                .iter()
                .map(|poll| poll.as_bytes().as_slice())
                .collect();
            for _ in 0..MAX_SCORE_ATTEMPTS {
                match ZADD_NOW.call(&redis, &[&key], &members).await {
                    Ok(_) => break,
                    Err(error) => {
                        tracing::debug!(%error, "failed to write trending scores; will retry");
                        sleep(SCORE_DELAY).await;
                    }
                }
            }
        }
    }
}

/// Reindexes created or changed polls, and cancels the intents.
///
/// After a failure, the next call that lists polls reindexes them.
pub(in crate::store) async fn reindex_after(store: &RedisStore, intents: IndexIntents) {
    let update = async {
        reindex(store, &intents.polls()).await?;
        intents.cancel(&store.redis).await?;
        Ok(())
    };
    if let Err(error) = with_short_timeout(update).await {
        tracing::debug!(%error, "failed to update the listings; the next listing will");
    }
}

/// Reindexes deleted polls.
///
/// The intents stay for 10 s, for calls that read a poll before the deletion and may add
/// it to the listings again.
pub(in crate::store) async fn reindex_deleted(store: &RedisStore, intents: IndexIntents) {
    let update = async {
        reindex(store, &intents.polls()).await?;
        reindex_pending(store).await
    };
    if let Err(error) = with_short_timeout(update).await {
        tracing::debug!(%error, "failed to update the listings; the next listing will");
    }
}

/// Reindexes all polls with intents or changed scores, at most every 250 ms.
pub(super) async fn reindex_pending(store: &RedisStore) -> Result<(), Error> {
    {
        let mut reindexed_at = store
            .reindexed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if reindexed_at.is_some_and(|time| time.elapsed() < REINDEX_INTERVAL) {
            return Ok(());
        }
        *reindexed_at = Some(Instant::now());
    }
    let redis = &store.redis;
    let pending = PendingPolls::read(redis).await?;
    let ids = pending.intents.iter();
    let ids = ids.chain(pending.dirty_scores.iter().map(|(member, _)| member));
    let ids = ids.filter_map(|member| Some(PollId::from_bytes(*member.first_chunk()?)));
    let mut ids: Vec<PollId> = ids.collect();
    if ids.is_empty() {
        return Ok(());
    }
    ids.sort_unstable();
    ids.dedup();
    reindex(store, &ids).await?;
    let intent_count = pending.intents.len().to_string();
    let mut arguments = vec![INTENT_LIFETIME_MS.as_bytes(), intent_count.as_bytes()];
    arguments.extend(pending.intents.iter().map(Vec::as_slice));
    for (member, time) in &pending.dirty_scores {
        arguments.extend([member.as_slice(), time]);
    }
    let keys = [intents_key(redis), dirty_scores_key(redis)];
    INDEX_CLEAR.call(redis, &keys, &arguments).await?;
    Ok(())
}

/// Updates the entries of polls from their current states.
pub(super) async fn reindex(store: &RedisStore, ids: &[PollId]) -> Result<(), Error> {
    let updates: Vec<_> = ids.iter().map(|id| reindex_one(store, *id)).collect();
    stream::iter(updates)
        .buffer_unordered(MAX_CONCURRENT_POLLS)
        .try_collect()
        .await
}

async fn reindex_one(store: &RedisStore, id: PollId) -> Result<(), Error> {
    let redis = &store.redis;
    let mut read = cmd("HGET");
    read.arg(rows_key(redis)).arg(id.as_bytes());
    let row: Option<Vec<u8>> = redis.run(&read).await?;
    let mut row = row.unwrap_or_default();
    loop {
        // The poll is read after the row. So if the row is unchanged at the write, it is
        // not newer than the poll.
        let new = match lifecycle::current(store, id).await {
            Ok(state) => state.map(Row::new),
            Err(Error::Corrupt(error)) => {
                tracing::error!(%error, "cannot update a poll in the listings");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        // The entries of a corrupt row are unknown, so they stay.
        let old = Row::decode(&row).ok();
        let is_current = match (&old, &new) {
            (Some(old), Some(new)) => old.position() >= new.position(),
            (None, None) => row.is_empty(),
            _ => false,
        };
        if is_current {
            return Ok(());
        }
        match update_entries(store, id, &row, old.as_ref(), new.as_ref()).await? {
            None => return Ok(()),
            Some(newer_row) => row = newer_row,
        }
    }
}

/// Replaces the entries of a poll if its row is unchanged, and returns the current row
/// otherwise.
async fn update_entries(
    store: &RedisStore,
    id: PollId,
    row: &[u8],
    old: Option<&Row>,
    new: Option<&Row>,
) -> Result<Option<Vec<u8>>, Error> {
    let redis = &store.redis;
    let entries = |row: Option<&Row>| row.map(|row| row.entries(redis)).unwrap_or_default();
    let (removed, added): (Vec<IndexEntry>, Vec<IndexEntry>) = (entries(old), entries(new));
    let encoded = new.map_or_else(|| Ok(Vec::new()), Row::encode)?;
    let mut keys = vec![rows_key(redis)];
    let mut numbered: Vec<(String, &[u8])> = Vec::new();
    // An unchanged entry is removed and added again.
    for (key, member) in removed.iter().chain(&added) {
        let known = keys.iter().position(|known| known == key);
        let index = known.unwrap_or_else(|| {
            keys.push(key.clone());
            keys.len() - 1
        });
        numbered.push(((index + 1).to_string(), member));
    }
    let removed_count = removed.len().to_string();
    let mut arguments: Vec<&[u8]> = vec![id.as_bytes(), row, &encoded, removed_count.as_bytes()];
    for (index, member) in &numbered {
        arguments.extend([index.as_bytes(), member]);
    }
    let reply = INDEX_UPDATE.call(redis, &keys, &arguments).await?;
    match reply {
        Value::Int(1) => Ok(None),
        Value::BulkString(newer_row) => Ok(Some(newer_row)),
        _ => Err(Corrupt::of_listing("the reply of a script").into()),
    }
}
