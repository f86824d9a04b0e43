//! Makes the places of polls from what the polls are.

use std::sync::PoisonError;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use redis::{Value, cmd};
use tokio::time::Instant;
use votify_core::PollId;

use super::entry::{Row, common_key};
use super::marks::{self, Announcement};
use crate::store::RedisStore;
use crate::store::error::{Damaged, Fault};
use crate::store::lifecycle;
use crate::store::patience::soon;
use crate::store::scripts::{ENLIST, SETTLE};

/// How often one process looks for places that are behind.
const BEAT: Duration = Duration::from_millis(250);
/// How long what was announced may take to be done, and to be seen by who read the poll before, in milliseconds.
const SETTLED: &str = "10000";
/// How many polls are seen to at once.
const AT_ONCE: usize = 64;

/// Makes the places of a poll that was made or changed, and takes back that this was announced.
///
/// Where it fails, whoever lists polls next does it.
pub(in crate::store) async fn follow(store: &RedisStore, announcement: Announcement) {
    let made = async {
        derive(store, &[announcement.poll]).await?;
        announcement.take_back(&store.redis).await?;
        Ok(())
    };
    if let Err(error) = soon(made).await {
        tracing::debug!(%error, "listings are behind for a moment");
    }
}

/// The same for a poll that was deleted. The announcement stays a while, for those who read the poll before.
pub(in crate::store) async fn leave_announced(store: &RedisStore, announcement: Announcement) {
    let made = async {
        derive(store, &[announcement.poll]).await?;
        mend(store).await
    };
    if let Err(error) = soon(made).await {
        tracing::debug!(%error, "listings are behind for a moment");
    }
}

/// Sees to all marks, unless that was done a moment ago.
pub(super) async fn mend(store: &RedisStore) -> Result<(), Fault> {
    {
        let mut last = store.mended.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < BEAT) {
            return Ok(());
        }
        *last = Some(Instant::now());
    }
    let redis = &store.redis;
    let stretch = super::stretch(store, &common_key(redis, "rows:none"), 0, 1, false).await?;
    let ids = stretch.announced.iter();
    let ids = ids.chain(stretch.warm.iter().map(|(member, _)| member));
    let ids = ids.filter_map(|member| Some(PollId::from_bytes(*member.first_chunk()?)));
    let mut ids: Vec<PollId> = ids.collect();
    if ids.is_empty() {
        return Ok(());
    }
    ids.sort_unstable();
    ids.dedup();
    derive(store, &ids).await?;
    let announced = stretch.announced.len().to_string();
    let mut arguments = vec![SETTLED.as_bytes(), announced.as_bytes()];
    arguments.extend(stretch.announced.iter().map(Vec::as_slice));
    for (member, time) in &stretch.warm {
        arguments.extend([member.as_slice(), time]);
    }
    let keys = [marks::announced(redis), marks::warm(redis)];
    SETTLE.call(redis, &keys, &arguments).await?;
    Ok(())
}

/// Makes the places of polls as the polls are now.
pub(super) async fn derive(store: &RedisStore, ids: &[PollId]) -> Result<(), Fault> {
    let deriving: Vec<_> = ids.iter().map(|id| derive_one(store, *id)).collect();
    stream::iter(deriving)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

async fn derive_one(store: &RedisStore, id: PollId) -> Result<(), Fault> {
    let redis = &store.redis;
    let mut read = cmd("HGET");
    read.arg(common_key(redis, "rows")).arg(id.as_bytes());
    let row: Option<Vec<u8>> = redis.run(&read).await?;
    let mut row = row.unwrap_or_default();
    loop {
        // After the row, so that a row that is still the same then is not newer than the poll as it was found.
        let new = match lifecycle::current(store, id).await {
            Ok(state) => state.map(Row::new),
            Err(Fault::Damaged(error)) => {
                tracing::error!(%error, "a poll cannot be listed");
                return Ok(());
            }
            Err(fault) => return Err(fault),
        };
        // One that cannot be read is left; its places cannot be known.
        let old = Row::decode(&row).ok();
        let is_there = match (&old, &new) {
            (Some(old), Some(new)) => old.position() >= new.position(),
            (None, None) => row.is_empty(),
            _ => false,
        };
        if is_there {
            return Ok(());
        }
        match enlist(store, id, &row, old.as_ref(), new.as_ref()).await? {
            None => return Ok(()),
            Some(other) => row = other,
        }
    }
}

/// The row that is there, if it is another one than was read.
async fn enlist(
    store: &RedisStore,
    id: PollId,
    row: &[u8],
    old: Option<&Row>,
    new: Option<&Row>,
) -> Result<Option<Vec<u8>>, Fault> {
    let redis = &store.redis;
    let places = |row: Option<&Row>| row.map(|row| row.places(redis)).unwrap_or_default();
    let (left, taken) = (places(old), places(new));
    let encoded = new.map_or_else(|| Ok(Vec::new()), Row::encode)?;
    let mut keys = vec![common_key(redis, "rows")];
    let mut numbered: Vec<(String, &[u8])> = Vec::new();
    // A member that stays where it was is taken out and put in again.
    for (key, member) in left.iter().chain(&taken) {
        let known = keys.iter().position(|known| known == key);
        let place = known.unwrap_or_else(|| {
            keys.push(key.clone());
            keys.len() - 1
        });
        numbered.push(((place + 1).to_string(), member));
    }
    let count = left.len().to_string();
    let mut arguments: Vec<&[u8]> = vec![id.as_bytes(), row, &encoded, count.as_bytes()];
    for (place, member) in &numbered {
        arguments.extend([place.as_bytes(), member]);
    }
    let answer = ENLIST.call(redis, &keys, &arguments).await?;
    match answer {
        Value::Int(1) => Ok(None),
        Value::BulkString(other) => Ok(Some(other)),
        _ => Err(Damaged::of_listing("the answer of a script").into()),
    }
}
