//! Listings: sorted sets in a cluster slot of their own, derived from the polls.

mod entry;
mod keys;
mod pending;
mod query;
mod reindex;
mod scan;
mod words;

use redis::cmd;
use votify_core::poll::PollState;
use votify_core::store::{PollCount, PollFilter, PollOrder};
use votify_core::{Page, PageRequest, PollCursor, PollId, Timestamp};

use super::RedisStore;
use super::error::{Corrupt, Error};
use super::poll_read::{list as values, number};
use super::scripts::LEX_COUNTS;
use entry::{Place, Row};
pub(super) use keys::rows_key as clock_key;
use keys::{Phase, Scope, listing_key, rows_key};
use query::{Query, Range};
pub(super) use reindex::{DirtyScores, IndexIntents, reindex_after, reindex_deleted};
use scan::Scan;

/// Rows per read. A row takes about 1 KiB, so a reply takes about 1 MiB.
const ROWS_PER_READ: usize = 1_000;
/// [Places](Place) per read if no rows are read. A place takes 24 bytes.
const PLACES_PER_READ: usize = 5_000;
/// Maximum rows that one call scans, documented on [`RedisStore`]. It bounds the time of
/// a call.
const MAX_SCANNED_ROWS: usize = 100_000;
/// Maximum attempts to read a page whose listings are outdated.
const MAX_ROUNDS: u32 = 3;

/// The places of matching polls, in order.
struct Found {
    places: Vec<Place>,
    /// The last place that was scanned, if the scan ended before the listing.
    incomplete_at: Option<Place>,
}

pub(super) async fn list(
    store: &RedisStore,
    filter: &PollFilter,
    page: &PageRequest,
    now: Timestamp,
) -> Result<Page<PollState>, Error> {
    reindex::reindex_pending(store).await?;
    let limit = to_usize(page.limit());
    let mut round = 1;
    loop {
        // One place more than the limit shows that another page follows.
        let found = find(store, filter, page, limit + 1, now).await?;
        let shown = found.places.get(..limit).unwrap_or(&found.places);
        let last = if found.places.len() > limit {
            shown.last().copied()
        } else {
            found.incomplete_at
        };
        let ids: Vec<PollId> = shown.iter().map(|place| place.id()).collect();
        let states = super::read::readable_states(store, &ids).await?;
        let is_current = |state: &Option<PollState>| {
            let state = state.as_ref();
            state.is_some_and(|state| filter.matches(state, now))
        };
        let outdated: Vec<PollId> = ids
            .iter()
            .zip(&states)
            .filter_map(|(id, state)| (!is_current(state)).then_some(*id))
            .collect();
        if outdated.is_empty() || round == MAX_ROUNDS {
            let current = states.into_iter().filter(is_current).flatten();
            let cursor =
                |place: Place| PollCursor::at(place.sort_key(filter.order), place.id(), filter);
            return Ok(Page {
                items: current.collect(),
                next: last.map(cursor),
            });
        }
        reindex::reindex(store, &outdated).await?;
        round += 1;
    }
}

pub(super) async fn count(
    store: &RedisStore,
    filter: &PollFilter,
    now: Timestamp,
) -> Result<PollCount, Error> {
    reindex::reindex_pending(store).await?;
    let query = Query::new(&store.redis, filter);
    if let Some((added, subtracted)) = query.counted(now) {
        let added_ranges = added.len();
        let ranges: Vec<Range> = added.into_iter().chain(subtracted).collect();
        let sizes = sizes(store, &ranges).await?;
        let (added, subtracted) = sizes.split_at(added_ranges);
        let total = added.iter().sum::<u64>();
        return Ok(PollCount::capped(
            total.saturating_sub(subtracted.iter().sum()),
        ));
    }
    let max = to_usize(PollCount::MAX) + 1;
    let all = PageRequest::FIRST;
    let found = find(store, filter, &all, max, now).await?;
    let total = u64::try_from(found.places.len()).unwrap_or(u64::MAX);
    let mut count = PollCount::capped(total);
    count.is_more |= found.incomplete_at.is_some();
    Ok(count)
}

/// Counts the polls of browser sessions, up to `max`.
pub(super) async fn count_session_polls(store: &RedisStore, max: u64) -> Result<u64, Error> {
    reindex::reindex_pending(store).await?;
    let whole = |phase| {
        let order = PollOrder::Newest;
        Range::whole(listing_key(&store.redis, order, phase, Scope::Sessions))
    };
    let sizes = sizes(store, &Phase::ALL.map(whole)).await?;
    Ok(sizes.iter().sum::<u64>().min(max))
}

/// Returns up to `count` places of the page.
async fn find(
    store: &RedisStore,
    filter: &PollFilter,
    page: &PageRequest,
    count: usize,
    now: Timestamp,
) -> Result<Found, Error> {
    let query = Query::new(&store.redis, filter);
    let candidates = words::candidates(store, filter, &query).await?;
    let mut found = match candidates {
        Some(ids) => filter_candidates(store, filter, page, &ids, now).await?,
        None => scan(store, filter, page, &query, count, now).await?,
    };
    let offset = to_usize(page.offset()).min(found.places.len());
    found.places.drain(..offset);
    found.places.truncate(count);
    Ok(found)
}

/// Returns the places of matching polls, up to the last of the page.
async fn scan(
    store: &RedisStore,
    filter: &PollFilter,
    page: &PageRequest,
    query: &Query<'_>,
    count: usize,
    now: Timestamp,
) -> Result<Found, Error> {
    let wanted = to_usize(page.offset()) + count;
    let mut scan = Scan::new(
        store,
        query.listings(),
        query.upper_bound(now),
        page.cursor(),
        filter.order,
    );
    let mut places: Vec<Place> = Vec::new();
    let mut scanned = 0;
    while places.len() < wanted {
        if query.is_exact() {
            let missing = wanted - places.len();
            let next = scan.next(missing.min(PLACES_PER_READ)).await?;
            if next.is_empty() {
                break;
            }
            places.extend(next);
            continue;
        }
        let next = scan.next(ROWS_PER_READ).await?;
        let Some(last) = next.last().copied() else {
            break;
        };
        scanned += next.len();
        let ids: Vec<PollId> = next.iter().map(|place| place.id()).collect();
        let rows = rows(store, &ids).await?;
        let matching = next.iter().zip(rows).filter_map(|(place, row)| {
            let row = row?;
            filter.matches(row.state(), now).then_some(*place)
        });
        places.extend(matching);
        if scanned >= MAX_SCANNED_ROWS && places.len() < wanted {
            return Ok(Found {
                places,
                incomplete_at: Some(last),
            });
        }
    }
    Ok(Found {
        places,
        incomplete_at: None,
    })
}

/// Returns the places of those candidates that match and are after the page's cursor.
async fn filter_candidates(
    store: &RedisStore,
    filter: &PollFilter,
    page: &PageRequest,
    ids: &[PollId],
    now: Timestamp,
) -> Result<Found, Error> {
    let mut places = Vec::new();
    for ids in ids.chunks(ROWS_PER_READ) {
        for row in rows(store, ids).await?.into_iter().flatten() {
            let state = row.state();
            let is_on_page = |cursor: PollCursor| cursor.precedes(state, filter.order);
            if filter.matches(state, now) && page.cursor().is_none_or(is_on_page) {
                places.push(Place::of(state, filter.order));
            }
        }
    }
    places.sort_unstable_by(|a, b| b.cmp(a));
    Ok(Found {
        places,
        incomplete_at: None,
    })
}

/// Returns the rows of polls, in order.
///
/// A corrupt row is logged and left out, so that it does not fail the call.
async fn rows(store: &RedisStore, ids: &[PollId]) -> Result<Vec<Option<Row>>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut read = cmd("HMGET");
    read.arg(rows_key(&store.redis));
    for id in ids {
        read.arg(id.as_bytes());
    }
    let rows: Vec<Option<Vec<u8>>> = store.redis.run(&read).await?;
    let decode = |(id, row): (&PollId, Option<Vec<u8>>)| {
        let row = Row::decode(&row?);
        row.inspect_err(|error| tracing::error!(%error, poll = %id, "skipping a poll in a listing"))
            .ok()
    };
    Ok(ids.iter().zip(rows).map(decode).collect())
}

/// Returns the number of members in each range.
async fn sizes(store: &RedisStore, ranges: &[Range]) -> Result<Vec<u64>, Error> {
    let keys: Vec<&str> = ranges.iter().map(|range| range.key.as_str()).collect();
    let bounds = ranges.iter().flat_map(|range| [&*range.min, &*range.max]);
    let bounds: Vec<&[u8]> = bounds.collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let reply = LEX_COUNTS.call(&store.redis, &keys, &bounds).await?;
    let sizes = values(reply).and_then(|sizes| {
        let sizes = sizes.into_iter().map(number);
        sizes.collect::<Option<Vec<u64>>>()
    });
    sizes
        .filter(|sizes| sizes.len() == ranges.len())
        .ok_or_else(|| Corrupt::of_listing("the reply of a script").into())
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
