//! The ballots of a poll one page after another, the same on every database.

use futures_util::stream::{self, Stream, TryStreamExt};
use votify_core::PollId;
use votify_core::ballot::ActiveBallot;

use crate::dialect::{Dialect, Place};
use crate::error::Error;
use crate::field::to_signed;
use crate::retry;

/// How many ballots are read at once.
const PAGE: usize = 1000;

/// The standing ballots of a poll in the order of revisions, with no transaction held in between.
pub(crate) fn ballots<D: Dialect>(
    database: &D,
    poll: PollId,
) -> impl Stream<Item = Result<ActiveBallot, Error>> + Send {
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
    stream::try_unfold(None, move |place| async move {
        let place = match place {
            Some(place) => place,
            None => {
                let revision = retry::on_conflict(|| database.revision(poll)).await?;
                Place {
                    after: -1,
                    until: revision.unwrap_or(-1),
                }
            }
        };
        if place.after >= place.until {
            return Ok(None);
        }
        let ballots = retry::on_conflict(|| database.page(poll, place, limit)).await?;
        let after = match ballots.last() {
            Some(last) if ballots.len() == PAGE => to_signed(last.revision)?,
            _ => place.until,
        };
        let ballots = stream::iter(ballots.into_iter().map(Ok));
        Ok::<_, Error>(Some((ballots, Some(Place { after, ..place }))))
    })
    .try_flatten()
}
