//! The way of a batch, the same on every database.

pub(crate) mod quick;

use std::collections::HashMap;

use votify_core::backend::{AddressUsage, BatchEvaluator, PollBatch, WriteSet, group_by_poll};
use votify_core::ballot::Outcome;
use votify_core::poll::PollState;
use votify_core::{Ballot, BatchReceipt, PollId, Tally, Timestamp, VoterId};

use crate::dialect::{Batch, Dialect, Work, give_up};
use crate::error::Error;
use crate::memory::Age;
use crate::newcomers::Newcomers;
use crate::writes::{Counted, Writes};
use crate::{places, retry};

/// What became of a part whose poll exists.
type Cast<'a> = (&'a PollBatch, Result<(Vec<Outcome>, Tally), Error>);

/// Casts a batch in one transaction, the quick way or else the sure way; where that fails for a reason of some part's own, in
/// halves, until that part fails alone.
pub(crate) async fn cast<D: Dialect>(
    dialect: &D,
    newcomers: &Newcomers,
    ballots: &[Ballot],
    now: Timestamp,
) -> BatchReceipt {
    let mut receipt = BatchReceipt::unknown_polls(ballots.len());
    let parts = group_by_poll(ballots);
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
                    None => cast_under_locks(dialect, newcomers, group, ballots, now).await,
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
                tracing::warn!(%error, parts = group.len(), "batch failed; retrying its polls separately");
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

/// How casting a group went.
enum Went<'a> {
    Done {
        done: Vec<Cast<'a>>,
        /// Polls of which something was known of the voters.
        known: Vec<PollId>,
    },
    /// Voters of these polls, or of any if there are none, may not be new. Nothing happened.
    Doubtful(Vec<PollId>),
}

/// What a group is made of, and what is taken for granted.
struct Group<'a, 'b> {
    parts: &'a [PollBatch],
    ballots: &'b [Ballot],
    now: Timestamp,
    /// For each part whether its voters are taken for new ones, and not looked up.
    new: Vec<bool>,
}

impl<'a> Group<'a, '_> {
    fn parts(&self) -> impl Iterator<Item = (&'a PollBatch, bool)> {
        self.parts.iter().zip(self.new.iter().copied())
    }
}

/// The sure way: waits for the polls' locks, reads, decides, writes.
async fn cast_under_locks<'a, D: Dialect>(
    dialect: &D,
    newcomers: &Newcomers,
    parts: &'a [PollBatch],
    ballots: &[Ballot],
    now: Timestamp,
) -> Result<Vec<Cast<'a>>, Error> {
    let new = parts.iter().map(|part| newcomers.expected_in(part.poll));
    let mut group = Group {
        parts,
        ballots,
        now,
        new: new.collect(),
    };
    let doubtful = match cast_group(dialect, &group).await? {
        Went::Done { done, .. } => {
            let new = group.parts().filter(|(_, new)| *new);
            new.for_each(|(part, _)| newcomers.came_to(part.poll));
            return Ok(done);
        }
        Went::Doubtful(polls) => polls,
    };
    let was_new = std::mem::replace(&mut group.new, vec![false; parts.len()]);
    let Went::Done { done, known } = cast_group(dialect, &group).await? else {
        // Nothing was taken for granted.
        return Err(Error::Ended);
    };
    for (part, _) in parts.iter().zip(was_new).filter(|(_, new)| *new) {
        if doubtful.contains(&part.poll) || known.contains(&part.poll) {
            newcomers.did_not_come_to(part.poll);
        }
    }
    Ok(done)
}

async fn cast_group<'a, D: Dialect>(dialect: &D, group: &Group<'a, '_>) -> Result<Went<'a>, Error> {
    let ids: Vec<PollId> = group.parts.iter().map(|part| part.poll).collect();
    let to_look_up: Vec<&Ballot> = group
        .parts()
        .filter(|(_, new)| !new)
        .flat_map(|(part, _)| part.ballots(group.ballots))
        .collect();
    let (mut work, batch) = dialect.begin_batch(&ids, &to_look_up).await?;
    let places = match places::read(&mut work, &batch.polls, group.parts, group.ballots).await {
        Ok(places) => places,
        Err(error) => {
            give_up(work, &error).await;
            return Err(error);
        }
    };
    let age = batch.age;
    let known = batch.histories.keys().copied().collect();
    let Count {
        done,
        written,
        doubtful,
    } = count(batch, places, group);
    if !doubtful.is_empty() {
        work.rollback().await;
        return Ok(Went::Doubtful(doubtful));
    }
    if written.is_empty() {
        work.rollback().await;
        return Ok(Went::Done { done, known });
    }
    let finished = match places::write(&mut work, &written).await {
        Ok(()) => work.finish(&Writes::new(&written)).await,
        Err(error) => {
            give_up(work, &error).await;
            Err(error)
        }
    };
    match finished {
        Ok(mark) => {
            remember(dialect, age, written, mark);
            Ok(Went::Done { done, known })
        }
        Err(error) if error.is_taken() && group.new.contains(&true) => {
            Ok(Went::Doubtful(Vec::new()))
        }
        Err(error) => Err(error),
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

/// What became of each part, and what has to be written.
#[derive(Default)]
struct Count<'a> {
    done: Vec<Cast<'a>>,
    written: Vec<Counted>,
    /// Polls whose ballots cannot be decided on without looking their voters up.
    doubtful: Vec<PollId>,
}

/// Decides on every ballot.
fn count<'a>(
    batch: Batch,
    mut places: HashMap<PollId, AddressUsage>,
    group: &Group<'a, '_>,
) -> Count<'a> {
    let Batch {
        polls,
        mut histories,
        age: _,
    } = batch;
    let mut states: HashMap<PollId, Result<PollState, Error>> = polls.into_iter().collect();
    let mut count = Count::default();
    for (part, new) in group.parts() {
        let Some(state) = states.remove(&part.poll) else {
            continue;
        };
        let of_voters = histories
            .remove(&part.poll)
            .unwrap_or_else(|| Ok(Default::default()));
        let (state, of_voters) = match (state, of_voters) {
            (Ok(state), Ok(of_voters)) => (state, of_voters),
            (Err(error), _) | (_, Err(error)) => {
                count.done.push((part, Err(error)));
                continue;
            }
        };
        let before = state.tally.counts.clone();
        let mut counting = BatchEvaluator::new(state, of_voters, group.now);
        if let Some(places) = places.remove(&part.poll) {
            counting = counting.with_address_usage(places);
        }
        let outcomes: Vec<Outcome> = part
            .ballots(group.ballots)
            .map(|ballot| counting.cast(ballot))
            .collect();
        let effects = counting.finish();
        if new && !shows_all(&effects, part.ballots(group.ballots).zip(&outcomes)) {
            count.doubtful.push(part.poll);
            continue;
        }
        let tally = effects.state.tally.clone();
        count.done.push((part, Ok((outcomes, tally))));
        if !effects.is_empty() {
            let counts = effects.state.tally.counts.iter().zip(&before);
            let moved = counts.filter(|(after, before)| after != before);
            count.written.push(Counted {
                moved: moved.map(|(after, _)| *after).collect(),
                effects,
            });
        }
    }
    count
}

/// Whether the writing will show if a voter is not as new as they were taken for: who is inserted must not be there. What was
/// superseded no index would show: there is none where no vote can be replaced or taken back.
fn shows_all<'a>(
    effects: &WriteSet,
    mut cast: impl Iterator<Item = (&'a Ballot, &'a Outcome)>,
) -> bool {
    let is_inserted = |voter: VoterId| {
        let inserted = &effects.inserted;
        inserted.binary_search_by_key(&voter, |vote| vote.ballot.voter)
    };
    !effects.state.poll.rules.revote
        && cast.all(|(ballot, outcome)| {
            matches!(outcome, Outcome::Counted { .. }) || is_inserted(ballot.voter).is_ok()
        })
}
