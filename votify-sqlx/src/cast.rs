//! Casts batches of ballots, the same for every database.

mod evaluate;
mod first_vote;
mod group;
mod optimistic;
mod pessimistic;

use votify_core::backend::group_by_poll;
use votify_core::{Ballot, BatchReceipt, Timestamp};

pub(crate) use self::first_vote::FirstVoteHeuristic;
use self::group::Group;
use crate::backend::Backend;
use crate::error::Error;
use crate::retry;

/// Casts a batch in one transaction: the optimistic commit, or if that fails the
/// pessimistic one. If the transaction fails because of one poll, the batch is halved
/// until that poll fails alone.
pub(crate) async fn cast<B: Backend>(
    backend: &B,
    heuristic: &FirstVoteHeuristic,
    ballots: &[Ballot],
    now: Timestamp,
) -> BatchReceipt {
    let mut receipt = BatchReceipt::unknown_polls(ballots.len());
    let polls = group_by_poll(ballots);
    // Each with true if an optimistic commit of it may be committed. Then no error may say
    // that nothing was written.
    let mut groups = vec![(polls.as_slice(), false)];
    while let Some((polls, mut may_be_committed)) = groups.pop() {
        if polls.is_empty() {
            continue;
        }
        let group = Group {
            polls,
            ballots,
            now,
        };
        let deadline = retry::deadline();
        let mut results = retry::retry_until(deadline, async || {
            match optimistic::cast(backend, group).await? {
                Some(results) => Ok(results),
                None => pessimistic::cast(backend, heuristic, group).await,
            }
        })
        .await;
        if let Err(error @ Error::CommitUnknown(_)) = &results {
            tracing::debug!(%error, "casting the ballots again: those that were counted are replays");
            may_be_committed = true;
            let cast = || pessimistic::cast(backend, heuristic, group);
            results = retry::retry_until(deadline, cast).await;
        }
        let store_error = |error: Error| {
            let error = if may_be_committed {
                Error::OutcomeUnknown(Box::new(error))
            } else {
                error
            };
            error.into_store_error(B::NAME)
        };
        match results {
            Ok(results) => {
                for (poll, result) in results {
                    match result {
                        Ok((outcomes, tally)) => receipt.record(poll, outcomes, tally),
                        Err(error) => receipt.fail(poll, &store_error(error)),
                    }
                }
            }
            Err(error) if polls.len() > 1 && error.may_concern_one_poll() => {
                tracing::warn!(%error, polls = polls.len(), "batch failed; retrying its polls separately");
                let (left, right) = polls.split_at(polls.len() / 2);
                groups.extend([(right, may_be_committed), (left, may_be_committed)]);
            }
            Err(error) => {
                let error = store_error(error);
                polls.iter().for_each(|poll| receipt.fail(poll, &error));
            }
        }
    }
    receipt
}
