//! The way of a batch, the same on every database.

mod quick;

use std::collections::HashMap;

use votify_core::ballot::{Counting, Outcome, Part, parts};
use votify_core::poll::PollState;
use votify_core::{Ballot, BatchReceipt, PollId, Tally, Timestamp};

use crate::dialect::{Batch, Dialect, Work, give_up};
use crate::error::Error;
use crate::memory::Age;
use crate::retry;
use crate::writes::{Counted, Writes};

pub(crate) use quick::{Attempt, Attempted, Quick, Races};

/// What became of a part whose poll exists.
type Cast<'a> = (&'a Part, Result<(Vec<Outcome>, Tally), Error>);

/// Casts a batch in one transaction, the quick way or else the sure way; where that fails for a reason of some part's own, in halves, until that part fails
/// alone.
pub(crate) async fn cast<D: Dialect>(
    dialect: &D,
    ballots: &[Ballot],
    now: Timestamp,
) -> BatchReceipt {
    let mut receipt = BatchReceipt::unknown_polls(ballots.len());
    let parts = parts(ballots);
    let mut waiting = vec![parts.as_slice()];
    while let Some(group) = waiting.pop() {
        if group.is_empty() {
            continue;
        }
        // Casting the same ballots again is safe even where a connection was lost in a commit.
        let together =
            retry::on_conflict(
                async || match quick::cast(dialect, group, ballots, now).await? {
                    Some(done) => Ok(done),
                    None => cast_under_locks(dialect, group, ballots, now).await,
                },
            )
            .await;
        match together {
            Ok(done) => {
                for (part, result) in done {
                    match result {
                        Ok((outcomes, tally)) => receipt.record(part, outcomes, tally),
                        Err(error) => receipt.fail(part, &error.into_store_error(D::NAME)),
                    }
                }
            }
            Err(error) if group.len() > 1 && may_be_of_one_part(&error) => {
                tracing::warn!(%error, parts = group.len(), "a batch failed, its parts are tried apart");
                let (left, right) = group.split_at(group.len() / 2);
                waiting.extend([right, left]);
            }
            Err(error) => {
                let error = error.into_store_error(D::NAME);
                group.iter().for_each(|part| receipt.fail(part, &error));
            }
        }
    }
    receipt
}

/// Whether the transaction of another part might go through where this one failed.
const fn may_be_of_one_part(error: &Error) -> bool {
    !matches!(
        error,
        Error::Conflict(_)
            | Error::Lost(_)
            | Error::Unavailable(_)
            | Error::CannotOpen(_)
            | Error::NotMigrated
            | Error::TooNew { .. }
    )
}

/// The sure way: waits for the polls' locks, reads, decides, writes.
async fn cast_under_locks<'a, D: Dialect>(
    dialect: &D,
    group: &'a [Part],
    ballots: &[Ballot],
    now: Timestamp,
) -> Result<Vec<Cast<'a>>, Error> {
    let ids: Vec<PollId> = group.iter().map(|part| part.poll).collect();
    let of_group: Vec<&Ballot> = group
        .iter()
        .flat_map(|part| part.ballots(ballots))
        .collect();
    let (mut work, batch) = dialect.begin_batch(&ids, &of_group).await?;
    let age = batch.age;
    let (done, counted) = count(batch, group, ballots, now);
    if counted.is_empty() {
        work.rollback().await;
        return Ok(done);
    }
    let writes = Writes::new(&counted);
    let written = work.write(&writes).await;
    match written.and_then(|written| writes.check(written).map(|()| written.mark)) {
        Ok(mark) => {
            work.commit().await?;
            remember(dialect, age, counted, mark);
            Ok(done)
        }
        Err(error) => {
            give_up(work, &error).await;
            Err(error)
        }
    }
}

/// Keeps in mind how polls are after a commit that is known to have happened.
fn remember<D: Dialect>(dialect: &D, age: Age, counted: Vec<Counted>, mark: i64) {
    if let Some(memory) = dialect.memory() {
        for one in counted {
            memory.keep(age, one.effects.state, mark);
        }
    }
}

/// Decides on every ballot; what became of each part, and what has to be written.
fn count<'a>(
    batch: Batch,
    group: &'a [Part],
    ballots: &[Ballot],
    now: Timestamp,
) -> (Vec<Cast<'a>>, Vec<Counted>) {
    let Batch {
        polls,
        mut histories,
        age: _,
    } = batch;
    let mut states: HashMap<PollId, Result<PollState, Error>> = polls.into_iter().collect();
    let mut done = Vec::with_capacity(group.len());
    let mut written = Vec::new();
    for part in group {
        let Some(state) = states.remove(&part.poll) else {
            continue;
        };
        let of_voters = histories
            .remove(&part.poll)
            .unwrap_or_else(|| Ok(Default::default()));
        let (state, of_voters) = match (state, of_voters) {
            (Ok(state), Ok(of_voters)) => (state, of_voters),
            (Err(error), _) | (_, Err(error)) => {
                done.push((part, Err(error)));
                continue;
            }
        };
        let before = state.tally.counts.clone();
        let mut counting = Counting::new(state, of_voters, now);
        let outcomes = part
            .ballots(ballots)
            .map(|ballot| counting.cast(ballot))
            .collect();
        let effects = counting.finish();
        done.push((part, Ok((outcomes, effects.state.tally.clone()))));
        if effects.any {
            let counts = effects.state.tally.counts.iter().zip(&before);
            let moved = counts.filter(|(after, before)| after != before);
            written.push(Counted {
                moved: moved.map(|(after, _)| *after).collect(),
                effects,
            });
        }
    }
    (done, written)
}
