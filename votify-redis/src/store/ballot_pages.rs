//! A poll's ballots, a page of revisions at a time.

use futures_util::stream::{self, Stream, TryStreamExt};
use votify_core::PollId;
use votify_core::ballot::ActiveBallot;

use super::error::{Damaged, Fault};
use super::keys::{ID, Keys, PART};
use super::poll_read::Seen;
use super::scripts::PAGE;
use super::{RedisStore, record};

/// How many revisions are looked at together. A part of the order is a multiple of it.
const PAGE_SIZE: u64 = 1 << 11;

/// Some revisions, and what stood of them at one moment.
pub(super) struct Page {
    pub(super) seen: Seen,
    /// The last revision that was looked at.
    pub(super) last: u64,
    /// The voter of each revision, and the ballot of theirs that stands, whichever it is.
    pub(super) voters: Vec<([u8; ID], Option<Vec<u8>>)>,
}

/// Looks at revisions from the one after `after`, as far as there are any; `None` if there is no such poll.
pub(super) async fn page(
    store: &RedisStore,
    id: PollId,
    after: u64,
) -> Result<Option<Page>, Fault> {
    let keys = Keys::new(&store.redis, id);
    // Revision n is in place n - 1.
    let end = (after / PAGE_SIZE + 1).saturating_mul(PAGE_SIZE);
    let (part, first) = (keys.order(after / PART), after % PART);
    let width = ID as u64;
    let from = (first * width).to_string();
    let to = ((first + end - after) * width - 1).to_string();
    let of_poll = [&keys.poll, &keys.turn, &keys.votes, &part];
    let answer = PAGE
        .call(&store.redis, &of_poll, &[from.as_bytes(), to.as_bytes()])
        .await?;
    let mut seen = Seen::read(id, answer)?;
    let Some(current) = seen.current()? else {
        return Ok(None);
    };
    let (voters, []) = seen.voters.as_chunks::<ID>() else {
        return Err(Damaged::of(id, "the order of the ballots").into());
    };
    let mut voters: Vec<_> = voters.iter().map(|voter| (*voter, None)).collect();
    for (place, vote) in std::mem::take(&mut seen.votes) {
        let entry = voters.get_mut(place);
        entry.ok_or_else(|| seen.damaged("a voter"))?.1 = Some(vote);
    }
    Ok(Some(Page {
        last: end.min(current.kept.state.tally.position.revision),
        seen,
        voters,
    }))
}

/// The standing ballots in the order of their revisions, up to the one at which the stream began: who votes anew meanwhile
/// gets a later one, and would come twice otherwise.
pub(super) fn ballots(
    store: &RedisStore,
    id: PollId,
) -> impl Stream<Item = Result<ActiveBallot, Fault>> + Send {
    let pages = stream::try_unfold(
        (0, None),
        move |(after, end): (u64, Option<u64>)| async move {
            if end.is_some_and(|end| after >= end) {
                return Ok::<_, Fault>(None);
            }
            let Some(page) = page(store, id, after).await? else {
                return Ok(None);
            };
            let end = match (end, page.seen.current()?) {
                (Some(end), _) => end,
                (None, Some(current)) => current.kept.state.tally.position.revision,
                (None, None) => return Ok(None),
            };
            let ballots = standing(id, &page, after, end)?;
            // A restored poll may have fewer revisions than it had.
            let next = if page.last > after { page.last } else { end };
            Ok(Some((
                stream::iter(ballots.into_iter().map(Ok)),
                (next, Some(end)),
            )))
        },
    );
    pages.try_flatten()
}

fn standing(id: PollId, page: &Page, after: u64, end: u64) -> Result<Vec<ActiveBallot>, Fault> {
    let mut ballots = Vec::new();
    for (revision, (voter, vote)) in (after + 1..=end).zip(&page.voters) {
        let Some(vote) = vote else { continue };
        let voter = record::decode_voter(id, voter)?;
        let standing = record::decode_vote(id, voter, vote)?;
        if standing.revision == revision {
            ballots.push(standing);
        }
    }
    Ok(ballots)
}
