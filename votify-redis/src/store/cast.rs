//! Casting a batch: read, evaluate, and write if the poll is unchanged.

mod address_usage;
mod batch_writes;

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt};
use votify_core::backend::{AddressUsage, BatchEvaluator, PollBatch, group_by_poll};
use votify_core::ballot::{Outcome, VoterHistory};
use votify_core::poll::PollState;
use votify_core::{Ballot, BatchReceipt, Poll, Tally, Timestamp, VoterId};

use super::cas::{CasAttempt, with_timeout};
use super::error::Error;
use super::keys::ID_BYTES;
use super::poll_read::PollRead;
use super::{RedisStore, record};
use batch_writes::BatchWrites;

/// Maximum polls of one call in flight. It bounds the calls that wait on the connection.
const MAX_CONCURRENT_POLLS: usize = 64;

pub(super) async fn cast(store: &RedisStore, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
    let mut receipt = BatchReceipt::unknown_polls(ballots.len());
    let poll_batches = group_by_poll(ballots);
    let casts: Vec<_> = poll_batches
        .iter()
        .map(|poll_batch| with_timeout(cast_poll_batch(store, poll_batch, ballots, now)))
        .collect();
    let mut results = stream::iter(casts)
        .buffered(MAX_CONCURRENT_POLLS)
        .zip(stream::iter(&poll_batches));
    while let Some((result, poll_batch)) = results.next().await {
        match result {
            Ok(Some((outcomes, tally))) => receipt.record(poll_batch, outcomes, tally),
            // The poll does not exist. The receipt starts with that outcome.
            Ok(None) => {}
            Err(error) => receipt.fail(poll_batch, &error.into_store_error()),
        }
    }
    receipt
}

async fn cast_poll_batch(
    store: &RedisStore,
    poll_batch: &PollBatch,
    all_ballots: &[Ballot],
    now: Timestamp,
) -> Result<Option<(Vec<Outcome>, Tally)>, Error> {
    let ballots: Vec<&Ballot> = poll_batch.ballots(all_ballots).collect();
    let _lock = store.locks.lock(poll_batch.poll).await;
    let mut attempt = CasAttempt::new(store, poll_batch.poll, pack(&ballots));
    let mut read = attempt.read().await?;
    loop {
        let Some(current) = read.current()? else {
            return Ok(None);
        };
        let indexed_before = indexed(&current.stored.state);
        let histories = histories(&read, &current.stored.state.poll, &ballots)?;
        let mut usage = AddressUsage::default();
        if current.stored.state.poll.rules.address_quota.is_some() {
            let current_usage = address_usage::read(store, &attempt.keys, &current, &ballots);
            let Some(current_usage) = current_usage.await? else {
                read = attempt.read().await?;
                continue;
            };
            usage = current_usage;
        }
        let evaluator = BatchEvaluator::new(current.stored.state, histories, now);
        let mut evaluator = evaluator.with_address_usage(usage);
        let outcomes: Vec<Outcome> = ballots
            .iter()
            .map(|ballot| evaluator.cast(ballot))
            .collect();
        let write_set = evaluator.finish();
        if write_set.is_empty() && !current.epoch_raised {
            attempt.release().await;
            return Ok(Some((outcomes, write_set.state.tally)));
        }
        let state = record::encode_by(&read.run, current.stored.nonce, &write_set.state);
        let writes = BatchWrites::new(&attempt.keys, &ballots, &outcomes, &write_set)?;
        let condition = [&*read.run, &current.encoded, &state];
        match writes.write(&mut attempt, condition).await? {
            Some(newer_read) => read = newer_read,
            None => {
                if indexed(&write_set.state) != indexed_before {
                    store.mark_score_dirty(poll_batch.poll);
                }
                return Ok(Some((outcomes, write_set.state.tally)));
            }
        }
    }
}

/// Returns what votes change in the listings.
fn indexed(state: &PollState) -> (i64, bool) {
    (state.trending.rank(), state.tally.ever_had_ballots())
}

/// Concatenates voters and ballot ids.
fn pack(ballots: &[&Ballot]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(2 * ID_BYTES * ballots.len());
    for ballot in ballots {
        packed.extend_from_slice(ballot.voter.as_bytes());
        packed.extend_from_slice(ballot.id.as_bytes());
    }
    packed
}

fn histories(
    read: &PollRead,
    poll: &Poll,
    ballots: &[&Ballot],
) -> Result<HashMap<VoterId, VoterHistory>, Error> {
    let mut histories: HashMap<VoterId, VoterHistory> = HashMap::new();
    let voter_at = |index: usize| ballots.get(index).map(|ballot| ballot.voter);
    for (_, active) in read.active_ballots(poll, voter_at)? {
        let history = histories.entry(active.ballot.voter).or_default();
        history.active = Some(active);
    }
    for (index, encoded) in &read.superseded {
        let Some(ballot) = ballots.get(*index) else {
            return Err(read.corrupt("a superseded ballot").into());
        };
        let old = record::decode_superseded(poll, ballot.voter, ballot.id, encoded)?;
        let history = histories.entry(ballot.voter).or_default();
        // The poll_batch may contain the same ballot twice.
        if !history.superseded.iter().any(|known| known.id == old.id) {
            history.superseded.push(old);
        }
    }
    for index in &read.withdrawn {
        let voter = voter_at(*index).ok_or_else(|| read.corrupt("a voter"))?;
        histories.entry(voter).or_default().has_voted_before = true;
    }
    Ok(histories)
}
