use futures_util::stream::{self, Stream, TryStreamExt};
use sqlx::sqlite::SqlitePool;
use sqlx::{query, query_scalar};
use votify_core::PollId;
use votify_core::ballot::StandingBallot;

use super::read::{self, VOTES_PAGE};
use crate::error::Error;
use crate::retry;

/// How many ballots are read at once.
const PAGE: usize = 1000;

/// Where a stream of ballots stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The revision of the last ballot that was handed out.
    after: i64,
    /// The poll's revision at the start. What is cast later comes not into the stream, so that a voter who votes anew
    /// meanwhile is not in it twice.
    until: i64,
}

/// The standing ballots of a poll in the order of revisions, page by page, with no transaction held in between.
pub(super) fn ballots(
    pool: &SqlitePool,
    poll: PollId,
) -> impl Stream<Item = Result<StandingBallot, Error>> + Send {
    stream::try_unfold(None, move |place| async move {
        let place = match place {
            Some(place) => place,
            None => Place {
                after: -1,
                until: retry::on_conflict(|| revision(pool, poll)).await?,
            },
        };
        if place.after >= place.until {
            return Ok(None);
        }
        let ballots = retry::on_conflict(|| page(pool, poll, place)).await?;
        let after = match ballots.last() {
            Some(last) if ballots.len() == PAGE => crate::field::to_signed(last.revision)?,
            _ => place.until,
        };
        let ballots = stream::iter(ballots.into_iter().map(Ok));
        Ok::<_, Error>(Some((ballots, Some(Place { after, ..place }))))
    })
    .try_flatten()
}

async fn revision(pool: &SqlitePool, poll: PollId) -> Result<i64, Error> {
    let revision = query_scalar("SELECT revision FROM votify_polls WHERE id = ?")
        .bind(poll.as_bytes().to_vec());
    Ok(revision.fetch_optional(pool).await?.unwrap_or(-1))
}

async fn page(pool: &SqlitePool, poll: PollId, place: Place) -> Result<Vec<StandingBallot>, Error> {
    let rows = query(VOTES_PAGE)
        .bind(poll.as_bytes().to_vec())
        .bind(place.after)
        .bind(place.until)
        .bind(i64::try_from(PAGE).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    rows.iter().map(|row| read::vote(poll, row)).collect()
}
