//! Listings: sorted sets beside the polls, in a slot of their own, made from the polls and made anew when they are behind.

mod entry;
mod marks;
mod reindex;

use redis::Value;
use votify_core::store::PollFilter;
use votify_core::{Page, PageRequest, Poll, PollId, Timestamp};

use super::RedisStore;
use super::error::{Damaged, Fault};
use super::poll_read::{bytes, list as values, number};
use super::scripts::LIST;
use entry::{Row, common_key, listing_for};
pub(super) use marks::{Announcement, Warm};
pub(super) use reindex::{follow, leave_announced};

/// How many rows are looked at together.
const CHUNK: u64 = 1_000;
/// The most rows that one call looks at.
const MOST: u64 = 100_000;
/// How often a page is read anew because a poll on it is gone.
const ROUNDS: u32 = 3;

/// A stretch of a listing.
struct Stretch {
    /// How many polls the listing holds.
    total: u64,
    ids: Vec<PollId>,
    rows: Vec<Option<Vec<u8>>>,
    /// Polls that were announced to change: members.
    announced: Vec<Vec<u8>>,
    /// Polls whose heat moved, with the time.
    warm: Vec<(Vec<u8>, Vec<u8>)>,
}

pub(super) async fn list(
    store: &RedisStore,
    filter: &PollFilter,
    page: &PageRequest,
    now: Timestamp,
) -> Result<Page<Poll>, Fault> {
    reindex::mend(store).await?;
    let mut round = 1;
    loop {
        let (ids, total) = find(store, filter, page, now).await?;
        let states = super::read::states(store, &ids).await?;
        let gone: Vec<PollId> = ids
            .iter()
            .zip(&states)
            .filter_map(|(id, state)| state.is_none().then_some(*id))
            .collect();
        if gone.is_empty() || round == ROUNDS {
            let items = states.into_iter().flatten().map(|state| state.poll);
            return Ok(Page {
                items: items.collect(),
                total,
            });
        }
        reindex::derive(store, &gone).await?;
        round += 1;
    }
}

/// The polls of a page, and how many there are in all.
async fn find(
    store: &RedisStore,
    filter: &PollFilter,
    page: &PageRequest,
    now: Timestamp,
) -> Result<(Vec<PollId>, u64), Fault> {
    let (key, exactly) = listing_for(&store.redis, filter);
    let (skipped, taken) = (u64::from(page.offset()), u64::from(page.limit()));
    if exactly {
        let stretch = stretch(store, &key, skipped, taken, false).await?;
        return Ok((stretch.ids, stretch.total));
    }
    let (mut ids, mut total, mut first) = (Vec::new(), 0_u64, 0);
    while first < MOST {
        let stretch = stretch(store, &key, first, CHUNK, true).await?;
        for (id, row) in stretch.ids.iter().zip(&stretch.rows) {
            let Some(row) = readable(*id, row.as_deref()) else {
                continue;
            };
            if filter.matches(&row.state().poll, now) {
                if total >= skipped && total - skipped < taken {
                    ids.push(*id);
                }
                total += 1;
            }
        }
        first += CHUNK;
        if first >= stretch.total {
            break;
        }
    }
    Ok((ids, total))
}

/// A row that cannot be read must not take a whole listing with it: it is left out, and told of.
fn readable(id: PollId, row: Option<&[u8]>) -> Option<Row> {
    let row = Row::decode(row?);
    row.inspect_err(|error| tracing::error!(%error, poll = %id, "a poll is left out of a listing"))
        .ok()
}

async fn stretch(
    store: &RedisStore,
    key: &str,
    first: u64,
    length: u64,
    with_rows: bool,
) -> Result<Stretch, Fault> {
    let redis = &store.redis;
    let keys = [
        key.to_owned(),
        common_key(redis, "rows"),
        marks::announced(redis),
        marks::warm(redis),
    ];
    let last = (first + length).saturating_sub(1).to_string();
    let first = first.to_string();
    let rows: &[u8] = if with_rows { b"1" } else { b"0" };
    let arguments = [first.as_bytes(), last.as_bytes(), rows];
    let answer = LIST.call(redis, &keys, &arguments).await?;
    read(answer).ok_or_else(|| Damaged::of_listing("the answer of a script").into())
}

fn read(answer: Value) -> Option<Stretch> {
    let mut parts = values(answer)?.into_iter();
    let total = number(parts.next()?)?;
    let ids = values(parts.next()?)?.into_iter().map(|id| {
        let id = <[u8; 16]>::try_from(bytes(id)?).ok()?;
        Some(PollId::from_bytes(id))
    });
    let ids = ids.collect::<Option<_>>()?;
    let rows = values(parts.next()?)?.into_iter().map(bytes).collect();
    let announced = values(parts.next()?)?.into_iter().map(bytes);
    let announced = announced.collect::<Option<_>>()?;
    let mut marks = values(parts.next()?)?.into_iter();
    let mut warm = Vec::new();
    while let Some(member) = marks.next() {
        warm.push((bytes(member)?, bytes(marks.next()?)?));
    }
    Some(Stretch {
        total,
        ids,
        rows,
        announced,
        warm,
    })
}
