//! Commits a group under the locks of its polls: lock, read, decide, write.

use std::collections::HashSet;

use votify_core::backend::PollBatch;
use votify_core::{Ballot, PollId};

use super::evaluate::{DecisionInput, Evaluated, PollResult, evaluate, update_cache};
use super::first_vote::FirstVoteHeuristic;
use super::group::Group;
use crate::address_quota;
use crate::backend::{Backend, Call, Reply, Transaction, TransactionMode};
use crate::batch_writes::BatchWrites;
use crate::decode::{self, PollRead};
use crate::error::Error;
use crate::poll_cache::Generation;
use crate::row_ext::RowExt;
use crate::row_set::{RowSet, ballot_rows, poll_rows};
use crate::statement::Statement;

/// The result of one transaction.
enum GroupResult<'a> {
    Done {
        results: Vec<PollResult<'a>>,
        /// Polls in which a voter had a history.
        with_histories: Vec<PollId>,
    },
    /// Nothing was written: voters of these polls may not be new, or of any poll if this
    /// is empty.
    NeedsLookup(Vec<PollId>),
}

/// Casts a group. Assumes first-time voters where that is likely, and repeats the
/// transaction with lookups if it was wrong.
pub(super) async fn cast<'a, B: Backend>(
    backend: &B,
    heuristic: &FirstVoteHeuristic,
    group: Group<'a>,
) -> Result<Vec<PollResult<'a>>, Error> {
    let polls = group.polls.iter().map(|batch| batch.poll);
    let assumed_new: HashSet<PollId> = polls
        .filter(|poll| heuristic.assume_first_vote(*poll))
        .collect();
    let doubtful = match cast_once(backend, group, &assumed_new).await? {
        GroupResult::Done { results, .. } => {
            assumed_new
                .iter()
                .for_each(|poll| heuristic.record_hit(*poll));
            return Ok(results);
        }
        GroupResult::NeedsLookup(polls) => polls,
    };
    let GroupResult::Done {
        results,
        with_histories,
    } = cast_once(backend, group, &HashSet::new()).await?
    else {
        // Unreachable: without assumptions no poll needs a lookup.
        return Err(Error::TransactionEnded);
    };
    for poll in assumed_new {
        if doubtful.contains(&poll) || with_histories.contains(&poll) {
            heuristic.record_miss(poll);
        }
    }
    Ok(results)
}

async fn cast_once<'a, B: Backend>(
    backend: &B,
    group: Group<'a>,
    assumed_new: &HashSet<PollId>,
) -> Result<GroupResult<'a>, Error> {
    let to_look_up: Vec<&Ballot> = group
        .polls
        .iter()
        .filter(|batch| !assumed_new.contains(&batch.poll))
        .flat_map(|batch| batch.ballots(group.ballots))
        .collect();
    let generation = backend
        .poll_cache()
        .map_or_else(Generation::default, |cache| cache.generation());
    let (mut transaction, replies) = backend
        .begin(
            TransactionMode::Write,
            first_calls(backend, group.polls, &to_look_up),
        )
        .await?;
    let input = match load_input(backend, &mut transaction, generation, group, replies).await {
        Ok(input) => input,
        Err(error) => {
            transaction.abort(&error).await;
            return Err(error);
        }
    };
    let with_histories = input.histories.keys().copied().collect();
    let Evaluated {
        results,
        writes,
        needs_lookup,
    } = evaluate(input, assumed_new, group);
    if !needs_lookup.is_empty() {
        transaction.rollback().await;
        return Ok(GroupResult::NeedsLookup(needs_lookup));
    }
    let done = GroupResult::Done {
        results,
        with_histories,
    };
    if writes.is_empty() {
        transaction.rollback().await;
        return Ok(done);
    }
    let batch = match BatchWrites::new(&writes) {
        Ok(batch) => batch,
        Err(error) => {
            transaction.abort(&error).await;
            return Err(error);
        }
    };
    match transaction.commit_batch(batch).await {
        Ok(token) => {
            update_cache(backend, generation, writes, token);
            Ok(done)
        }
        Err(error) if error.is_unique_violation() && !assumed_new.is_empty() => {
            Ok(GroupResult::NeedsLookup(Vec::new()))
        }
        Err(error) => Err(error),
    }
}

/// Returns the calls that can be sent before anything is known: the locks, the histories,
/// and without a cache the polls.
fn first_calls<B: Backend>(backend: &B, polls: &[PollBatch], to_look_up: &[&Ballot]) -> Vec<Call> {
    let ids = RowSet::builder(polls)
        .id(|batch| batch.poll.as_bytes())
        .build();
    let mut calls = Vec::with_capacity(3);
    if !B::LOCKS_DATABASE {
        calls.push(Call::Rows(Statement::LockPolls, ids.clone()));
    }
    if backend.poll_cache().is_none() {
        calls.push(Call::Rows(Statement::ReadPolls, ids));
    }
    if !to_look_up.is_empty() {
        calls.push(Call::Rows(
            Statement::ReadHistories,
            ballot_rows(to_look_up),
        ));
    }
    calls
}

/// Decodes the replies to the first calls, and reads the polls and addresses that they
/// lack.
async fn load_input<B: Backend>(
    backend: &B,
    transaction: &mut B::Transaction,
    generation: Generation,
    group: Group<'_>,
    replies: Vec<Reply<B::Row>>,
) -> Result<DecisionInput<B::Row>, Error> {
    let mut replies = replies.into_iter().map(|reply| reply.rows);
    let locked = if B::LOCKS_DATABASE {
        Vec::new()
    } else {
        replies.next().unwrap_or_default()
    };
    let polls = match backend.poll_cache() {
        Some(_) => cached_polls(backend, transaction, generation, &locked).await?,
        None => decode::polls(&replies.next().unwrap_or_default())?,
    };
    let histories = decode::by_poll(replies.next().unwrap_or_default())?;
    let addresses = address_quota::read(transaction, &polls, group.polls, group.ballots).await?;
    Ok(DecisionInput {
        polls,
        histories,
        addresses,
    })
}

/// Returns locked polls from the cache, and reads those whose row version changed.
async fn cached_polls<B: Backend>(
    backend: &B,
    transaction: &mut B::Transaction,
    generation: Generation,
    locked: &[B::Row],
) -> Result<Vec<PollRead>, Error> {
    let Some(cache) = backend.poll_cache() else {
        return Ok(Vec::new());
    };
    let versions = locked
        .iter()
        .map(|row| decode::row_version(row, 0))
        .collect::<Result<Vec<_>, _>>()?;
    let (hits, misses) = cache.split_hits(generation, &versions);
    let mut polls: Vec<_> = hits
        .into_iter()
        .map(|state| (state.poll.id, Ok(state)))
        .collect();
    if !misses.is_empty() {
        let reply = transaction.run_one(Call::Rows(Statement::ReadPolls, poll_rows(&misses)));
        polls.extend(read_polls(backend, generation, &reply.await?.rows)?);
    }
    Ok(polls)
}

/// Decodes and caches polls.
pub(super) fn read_polls<B: Backend>(
    backend: &B,
    generation: Generation,
    rows: &[B::Row],
) -> Result<Vec<PollRead>, Error> {
    let polls = decode::polls(rows)?;
    if let Some(cache) = backend.poll_cache() {
        for (row, (_, state)) in rows.iter().zip(&polls) {
            let token = row.integer(decode::ROW_TOKEN)?;
            // 0: the row was never written by a batch, so it has no token of its own.
            if let (Ok(state), true) = (state, token != 0) {
                cache.insert(generation, state.clone(), token);
            }
        }
    }
    Ok(polls)
}
