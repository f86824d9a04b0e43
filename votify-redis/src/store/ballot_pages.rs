//! Reads a poll's ballots in pages of revisions.

use futures_util::stream::{self, Stream, TryStreamExt};
use votify_core::PollId;
use votify_core::ballot::ActiveBallot;

use super::error::{Corrupt, Error};
use super::keys::{ID_BYTES, Keys, REVISIONS_PER_SEGMENT};
use super::poll_read::{CurrentPoll, PollRead};
use super::scripts::PAGE;
use super::{RedisStore, record};

/// Revisions per page: 2 048. A segment of the revision log is a multiple of
/// it, so a page never spans two segments.
const REVISIONS_PER_PAGE: u64 = 1 << 11;

/// A page of revisions and the ballots that were active when it was read.
pub(super) struct Page {
    pub(super) read: PollRead,
    /// The poll of this read.
    pub(super) current: CurrentPoll,
    /// The last revision of the page.
    pub(super) last: u64,
    /// The voter of each revision, with the voter's active ballot. That ballot may have
    /// another revision.
    pub(super) voters: Vec<([u8; ID_BYTES], Option<Vec<u8>>)>,
}

/// Reads the page after revision `after`. Returns `None` if the poll does not exist.
pub(super) async fn page(
    store: &RedisStore,
    id: PollId,
    after: u64,
) -> Result<Option<Page>, Error> {
    let keys = Keys::new(&store.redis, id);
    // Revision n is at index n - 1.
    let end = (after / REVISIONS_PER_PAGE + 1).saturating_mul(REVISIONS_PER_PAGE);
    let segment = keys.segment(after / REVISIONS_PER_SEGMENT);
    let first = after % REVISIONS_PER_SEGMENT;
    let width = ID_BYTES as u64;
    let from = (first * width).to_string();
    let to = ((first + end - after) * width - 1).to_string();
    let keys = [&keys.poll, &keys.reservation, &keys.votes, &segment];
    let arguments = [from.as_bytes(), to.as_bytes()];
    let reply = PAGE.call(&store.redis, &keys, &arguments).await?;
    let mut read = PollRead::parse(id, reply)?;
    let Some(current) = read.current()? else {
        return Ok(None);
    };
    let (voters, []) = read.voters.as_chunks::<ID_BYTES>() else {
        return Err(Corrupt::of(id, "the revision log").into());
    };
    let mut voters: Vec<_> = voters.iter().map(|voter| (*voter, None)).collect();
    for (index, vote) in std::mem::take(&mut read.votes) {
        let row = voters.get_mut(index);
        row.ok_or_else(|| read.corrupt("a voter"))?.1 = Some(vote);
    }
    Ok(Some(Page {
        last: end.min(current.stored.state.tally.position.revision),
        read,
        current,
        voters,
    }))
}

/// Streams the active ballots in the order of their revisions.
///
/// The stream ends at the revision of its start. A voter who replaces a vote meanwhile
/// gets a later revision, and would otherwise appear twice.
pub(super) fn ballots(
    store: &RedisStore,
    id: PollId,
) -> impl Stream<Item = Result<ActiveBallot, Error>> + Send {
    let pages = stream::try_unfold(
        (0, None),
        move |(after, end): (u64, Option<u64>)| async move {
            if end.is_some_and(|end| after >= end) {
                return Ok::<_, Error>(None);
            }
            let Some(page) = page(store, id, after).await? else {
                return Ok(None);
            };
            let end = end.unwrap_or(page.current.stored.state.tally.position.revision);
            let ballots = active_ballots(id, &page, after, end)?;
            // After a restart, the poll may have fewer revisions than before.
            let next = if page.last > after { page.last } else { end };
            Ok(Some((
                stream::iter(ballots.into_iter().map(Ok)),
                (next, Some(end)),
            )))
        },
    );
    pages.try_flatten()
}

/// Returns the ballots whose own revision is on the page.
fn active_ballots(
    id: PollId,
    page: &Page,
    after: u64,
    end: u64,
) -> Result<Vec<ActiveBallot>, Error> {
    let mut ballots = Vec::new();
    for (revision, (voter, vote)) in (after + 1..=end).zip(&page.voters) {
        let Some(vote) = vote else { continue };
        let voter = record::decode_voter(id, voter)?;
        let active = record::decode_vote(&page.current.stored.state.poll, voter, vote)?;
        if active.revision == revision {
            ballots.push(active);
        }
    }
    Ok(ballots)
}
