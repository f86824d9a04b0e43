//! Lists of polls, the same for every database.
//!
//! A list first reads the ids of a page in the order of an index, then the polls with
//! these ids.

#[cfg(test)]
mod cases;
mod conditions;
mod index;
mod prefix;
mod query;
mod sql_builder;
mod start;

use std::collections::HashMap;

use votify_core::poll::PollState;
use votify_core::store::{PollCount, PollCursor, PollFilter, PollOrder};
use votify_core::{Page, PageRequest, PollId, Timestamp};

pub(crate) use self::query::{Listing, Part, Source};
use crate::backend::{Backend, Call, Transaction};
use crate::decode;
use crate::error::Error;
use crate::row_ext::RowExt;
use crate::row_set::poll_rows;
use crate::statement::Statement;

#[cfg(test)]
pub(crate) use self::cases::{all_calls, all_filters, scheduled_by_opening};
#[cfg(test)]
pub(crate) use self::index::index;

/// Reads one page from one snapshot.
pub(crate) async fn list<B: Backend>(
    backend: &B,
    filter: &PollFilter,
    request: &PageRequest,
    now: Timestamp,
) -> Result<Page<PollState>, Error> {
    let empty = Page {
        items: Vec::new(),
        next: None,
    };
    let listing = Listing::new(filter, now, B::LISTING);
    if listing.matches_nothing() {
        return Ok(empty);
    }
    let (mut transaction, source) = listing.begin(backend).await?;
    let page = listing.page(&mut transaction, source, request).await;
    transaction.finish(page.map(|page| (page, false))).await
}

/// Counts the polls of a filter, up to [`PollCount::MAX`].
pub(crate) async fn count<B: Backend>(
    backend: &B,
    filter: &PollFilter,
    now: Timestamp,
) -> Result<PollCount, Error> {
    // In this order, the conditions on the status are a range of the index.
    let filter = &PollFilter {
        order: PollOrder::Closing,
        ..filter.clone()
    };
    let listing = Listing::new(filter, now, B::LISTING);
    if listing.matches_nothing() {
        return Ok(PollCount::default());
    }
    let (mut transaction, source) = listing.begin(backend).await?;
    let count = async {
        let counted = transaction.run_one(listing.count_call(source)).await?;
        let count = counted.rows.first().ok_or(Error::MissingReply)?;
        let polls = u64::try_from(count.integer(0)?).unwrap_or(0);
        Ok((PollCount::capped(polls), false))
    };
    let count = count.await;
    transaction.finish(count).await
}

impl Listing<'_> {
    async fn page<T: Transaction>(
        &self,
        transaction: &mut T,
        source: Source,
        request: &PageRequest,
    ) -> Result<Page<PollState>, Error> {
        let limit = request.limit();
        let mut offset = request.offset();
        loop {
            let mut ids = self
                .ids(transaction, source, request.cursor(), limit + 1, offset)
                .await?;
            let has_more = ids.len() > usize::try_from(limit).unwrap_or(usize::MAX);
            if has_more {
                ids.pop();
            }
            let items = read(transaction, &ids).await?;
            // Corrupt polls are left out. A page of only corrupt polls would be empty and
            // have no cursor, so it would end the list.
            if items.is_empty() && has_more {
                offset += limit;
                continue;
            }
            let last = items.last().filter(|_| has_more);
            return Ok(Page {
                next: last.map(|last| PollCursor::of(last, self.filter)),
                items,
            });
        }
    }

    /// Returns up to `limit` ids of the list, after skipping `offset`.
    async fn ids<T: Transaction>(
        &self,
        transaction: &mut T,
        source: Source,
        cursor: Option<PollCursor>,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<PollId>, Error> {
        let Some(cursor) = cursor else {
            let call = self.ids_call(source, Part::All, limit, offset);
            return read_ids(transaction, call).await;
        };
        let wanted = limit + offset;
        let ties = self.ids_call(source, Part::TiesAfter(cursor), wanted, 0);
        let mut ids = read_ids(transaction, ties).await?;
        let found = u32::try_from(ids.len()).unwrap_or(wanted);
        if found < wanted {
            let rest = self.ids_call(source, Part::KeysAfter(cursor), wanted - found, 0);
            ids.extend(read_ids(transaction, rest).await?);
        }
        Ok(ids.split_off(ids.len().min(usize::try_from(offset).unwrap_or(usize::MAX))))
    }
}

async fn read_ids<T: Transaction>(transaction: &mut T, call: Call) -> Result<Vec<PollId>, Error> {
    let reply = transaction.run_one(call).await?;
    let ids = reply.rows.iter().map(|row| decode::poll_id(row, 0));
    ids.collect()
}

/// Reads polls in the order of their ids. A corrupt poll is logged and left out, so that the
/// other polls can still be listed.
async fn read<T: Transaction>(
    transaction: &mut T,
    ids: &[PollId],
) -> Result<Vec<PollState>, Error> {
    let call = Call::Rows(Statement::ReadPolls, poll_rows(ids));
    let rows = transaction.run_one(call).await?.rows;
    let mut states = HashMap::new();
    for (id, state) in decode::polls(&rows)? {
        match state {
            Ok(state) => drop(states.insert(id, state)),
            Err(error) => tracing::error!(%error, "left a corrupt poll out of a list"),
        }
    }
    Ok(ids.iter().filter_map(|id| states.remove(id)).collect())
}
