//! Listings: sorted sets in a cluster slot of their own, derived from the polls.

mod entry;
mod index_page;
mod reindex;

use votify_core::store::PollFilter;
use votify_core::{Page, PageRequest, Poll, PollId, Timestamp};

use super::RedisStore;
use super::error::Error;
use entry::{Row, listing_for};
use index_page::IndexPage;
pub(super) use reindex::{DirtyScores, IndexIntent, reindex_after, reindex_deleted};

/// Rows per page of a scan. A row takes about 1 KiB, so a reply takes about 1 MiB.
const ROWS_PER_PAGE: u64 = 1_000;
/// Maximum rows that one call scans, documented on [`RedisStore`]. It bounds the time of
/// a call.
const MAX_SCANNED_ROWS: u64 = 100_000;
/// Maximum reads of a page that contains deleted polls.
const MAX_ROUNDS: u32 = 3;

pub(super) async fn list(
    store: &RedisStore,
    filter: &PollFilter,
    page: &PageRequest,
    now: Timestamp,
) -> Result<Page<Poll>, Error> {
    reindex::reindex_pending(store).await?;
    let mut round = 1;
    loop {
        let (ids, total) = find(store, filter, page, now).await?;
        let states = super::read::states(store, &ids).await?;
        let deleted: Vec<PollId> = ids
            .iter()
            .zip(&states)
            .filter_map(|(id, state)| state.is_none().then_some(*id))
            .collect();
        if deleted.is_empty() || round == MAX_ROUNDS {
            let items = states.into_iter().flatten().map(|state| state.poll);
            return Ok(Page {
                items: items.collect(),
                total,
            });
        }
        reindex::reindex(store, &deleted).await?;
        round += 1;
    }
}

/// Returns the polls of a page, and the total number of matching polls.
async fn find(
    store: &RedisStore,
    filter: &PollFilter,
    page: &PageRequest,
    now: Timestamp,
) -> Result<(Vec<PollId>, u64), Error> {
    let (key, is_exact) = listing_for(&store.redis, filter);
    let (offset, limit) = (u64::from(page.offset()), u64::from(page.limit()));
    if is_exact {
        let index_page = IndexPage::read(store, &key, offset, limit, false).await?;
        return Ok((index_page.ids, index_page.total));
    }
    let (mut ids, mut total, mut first) = (Vec::new(), 0_u64, 0);
    while first < MAX_SCANNED_ROWS {
        let index_page = IndexPage::read(store, &key, first, ROWS_PER_PAGE, true).await?;
        for (id, row) in index_page.ids.iter().zip(&index_page.rows) {
            let Some(row) = decode_row(*id, row.as_deref()) else {
                continue;
            };
            if filter.matches(&row.state().poll, now) {
                if total >= offset && total - offset < limit {
                    ids.push(*id);
                }
                total += 1;
            }
        }
        first += ROWS_PER_PAGE;
        if first >= index_page.total {
            break;
        }
    }
    Ok((ids, total))
}

/// Decodes a row. A corrupt row is logged and skipped, so that it does not fail the call.
fn decode_row(id: PollId, row: Option<&[u8]>) -> Option<Row> {
    let row = Row::decode(row?);
    row.inspect_err(|error| tracing::error!(%error, poll = %id, "skipping a poll in a listing"))
        .ok()
}
