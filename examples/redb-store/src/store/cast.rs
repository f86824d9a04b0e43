use std::collections::HashMap;

use redb::{Database, ReadableTable, WriteTransaction};
use votify_core::backend::{BatchEvaluator, PollBatch, WriteSet, group_by_poll};
use votify_core::ballot::{BatchReceipt, Outcome, VoterHistory};
use votify_core::{Ballot, Poll, StoreError, Tally, Timestamp, VoterId};

use super::{RedbStore, address_usage};
use crate::rows::{
    BACKEND, POLLS, SUPERSEDED, VOTES, VOTES_BY_REVISION, decode_superseded, decode_vote,
    encode_state, encode_superseded, encode_vote, state_of, store_error,
};

/// Casts the ballots of each poll in a separate transaction, so that an error affects one
/// poll.
///
/// A faster store writes all polls in one transaction, and uses this as the fallback on
/// an error.
pub(super) async fn cast(store: &RedbStore, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
    let mut receipt = BatchReceipt::unknown_polls(ballots.len());
    for batch in group_by_poll(ballots) {
        let own: Vec<Ballot> = batch.ballots(ballots).cloned().collect();
        record(
            &mut receipt,
            &batch,
            store
                .blocking(move |database| cast_batch(database, &own, now))
                .await,
        );
    }
    receipt
}

fn record(
    receipt: &mut BatchReceipt,
    batch: &PollBatch,
    result: Result<Option<(Vec<Outcome>, Tally)>, StoreError>,
) {
    match result {
        Ok(Some((outcomes, tally))) => receipt.record(batch, outcomes, tally),
        // The poll does not exist: `BatchReceipt::unknown_polls` is the initial state.
        Ok(None) => {}
        Err(error) => receipt.fail(batch, &error),
    }
}

/// Locks, reads, evaluates, writes and commits the ballots of one poll.
///
/// [`BatchEvaluator`] contains the voting rules, so a store only reads and writes rows.
fn cast_batch(
    database: &Database,
    ballots: &[Ballot],
    now: Timestamp,
) -> Result<Option<(Vec<Outcome>, Tally)>, StoreError> {
    let Some(poll) = ballots.first().map(|ballot| ballot.poll) else {
        return Ok(None);
    };
    let transaction = database.begin_write().map_err(store_error)?;
    let Some(state) = state_of(&transaction.open_table(POLLS).map_err(store_error)?, poll)? else {
        return Ok(None);
    };
    let has_quota = state.poll.rules.address_quota.is_some();
    let histories = histories(&transaction, &state.poll, ballots)?;
    let mut evaluator = BatchEvaluator::new(state, histories, now);
    if has_quota {
        evaluator = evaluator.with_address_usage(address_usage::read(&transaction, ballots)?);
    }
    let outcomes = ballots
        .iter()
        .map(|ballot| evaluator.cast(ballot))
        .collect();
    let writes = evaluator.finish();
    if !writes.is_empty() {
        write(&transaction, &writes)?;
        if !writes.address_usage.is_empty() {
            address_usage::write(&transaction, poll, &writes.address_usage)?;
        }
        transaction.commit().map_err(store_error)?;
    }
    Ok(Some((outcomes, writes.state.tally)))
}

/// Returns for each voter the active ballot, the superseded ballots with an id of this
/// batch, and whether a ballot was accepted before. With them the evaluator recognizes
/// replays and new voters.
fn histories(
    transaction: &WriteTransaction,
    poll: &Poll,
    ballots: &[Ballot],
) -> Result<HashMap<VoterId, VoterHistory>, StoreError> {
    let votes = transaction.open_table(VOTES).map_err(store_error)?;
    let superseded = transaction.open_table(SUPERSEDED).map_err(store_error)?;
    let mut histories: HashMap<VoterId, VoterHistory> = HashMap::new();
    for Ballot { id, voter, .. } in ballots {
        let key = (*poll.id.as_bytes(), *voter.as_bytes());
        let history = histories.entry(*voter).or_default();
        if history.active.is_none() {
            let row = votes.get(key).map_err(store_error)?;
            history.active = row
                .map(|row| decode_vote(poll, *voter, &row.value()))
                .transpose()?;
        }
        if poll.rules.revote && history.active.is_none() && !history.has_voted_before {
            let any = (key.0, key.1, [u8::MIN; 16])..=(key.0, key.1, [u8::MAX; 16]);
            let mut any = superseded.range(any).map_err(store_error)?;
            history.has_voted_before = any.next().is_some();
        }
        let old = superseded
            .get((key.0, key.1, *id.as_bytes()))
            .map_err(store_error)?;
        if let Some(old) = old
            && !history.superseded.iter().any(|known| known.id == *id)
        {
            history
                .superseded
                .push(decode_superseded(poll, *id, *voter, &old.value())?);
        }
    }
    Ok(histories)
}

fn write(transaction: &WriteTransaction, writes: &WriteSet) -> Result<(), StoreError> {
    let state = &writes.state;
    let (poll, id) = (&state.poll, *state.poll.id.as_bytes());
    let mut polls = transaction.open_table(POLLS).map_err(store_error)?;
    polls
        .insert(id, &*encode_state(state)?)
        .map_err(store_error)?;
    let mut votes = transaction.open_table(VOTES).map_err(store_error)?;
    for active in &writes.inserted {
        let key = (id, *active.ballot.voter.as_bytes());
        if votes
            .insert(key, encode_vote(poll, active)?)
            .map_err(store_error)?
            .is_some()
        {
            // The evaluator assumed a new voter. Dropping the transaction rolls it back.
            return Err(StoreError::failed(
                BACKEND,
                "an active ballot exists that was not read",
            ));
        }
    }
    for active in &writes.updated {
        votes
            .insert(
                (id, *active.ballot.voter.as_bytes()),
                encode_vote(poll, active)?,
            )
            .map_err(store_error)?;
    }
    let mut order = transaction
        .open_table(VOTES_BY_REVISION)
        .map_err(store_error)?;
    for old in &writes.superseded {
        order.remove((id, old.revision)).map_err(store_error)?;
    }
    for active in writes.inserted.iter().chain(&writes.updated) {
        order
            .insert((id, active.revision), *active.ballot.voter.as_bytes())
            .map_err(store_error)?;
    }
    for voter in &writes.removed {
        votes.remove((id, *voter.as_bytes())).map_err(store_error)?;
    }
    let mut superseded = transaction.open_table(SUPERSEDED).map_err(store_error)?;
    for old in &writes.superseded {
        let key = (id, *old.voter.as_bytes(), *old.id.as_bytes());
        superseded
            .insert(key, encode_superseded(poll, old)?)
            .map_err(store_error)?;
    }
    Ok(())
}
