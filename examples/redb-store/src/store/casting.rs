use std::collections::HashMap;

use redb::{Database, ReadableTable, WriteTransaction};
use votify_core::backend::{BatchEvaluator, PollBatch, WriteSet, group_by_poll};
use votify_core::ballot::{BatchReceipt, Outcome, VoterHistory};
use votify_core::poll::PollState;
use votify_core::{Ballot, PollId, StoreError, Tally, Timestamp, VoterId};

use super::{RedbStore, places};
use crate::rows::{
    BACKEND, ORDER, POLLS, SUPERSEDED, VOTES, decode_superseded, decode_vote, encode_state,
    encode_vote, failure, state_of,
};

/// Casts each poll's part in a transaction of its own, so that none takes another with it.
///
/// A store with more to gain puts all parts into one transaction, and falls back to this when it fails.
pub(super) async fn cast(store: &RedbStore, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
    let mut receipt = BatchReceipt::unknown_polls(ballots.len());
    for part in group_by_poll(ballots) {
        let own: Vec<Ballot> = part.ballots(ballots).cloned().collect();
        record(
            &mut receipt,
            &part,
            store
                .blocking(move |database| cast_part(database, &own, now))
                .await,
        );
    }
    receipt
}

fn record(
    receipt: &mut BatchReceipt,
    part: &PollBatch,
    done: Result<Option<(Vec<Outcome>, Tally)>, StoreError>,
) {
    match done {
        Ok(Some((outcomes, tally))) => receipt.record(part, outcomes, tally),
        // An unknown poll, which is what the receipt says already.
        Ok(None) => {}
        Err(error) => receipt.fail(part, &error),
    }
}

/// Lock, read, decide, write, commit.
fn cast_part(
    database: &Database,
    ballots: &[Ballot],
    now: Timestamp,
) -> Result<Option<(Vec<Outcome>, Tally)>, StoreError> {
    let Some(poll) = ballots.first().map(|ballot| ballot.poll) else {
        return Ok(None);
    };
    let transaction = database.begin_write().map_err(failure)?;
    let Some(state) = state_of(&transaction.open_table(POLLS).map_err(failure)?, poll)? else {
        return Ok(None);
    };
    let has_quota = state.poll.rules.address_quota.is_some();
    let mut counting = BatchEvaluator::new(state, histories(&transaction, ballots)?, now);
    if has_quota {
        counting = counting.with_address_usage(places::read(&transaction, ballots)?);
    }
    let outcomes = ballots.iter().map(|ballot| counting.cast(ballot)).collect();
    let effects = counting.finish();
    if !effects.is_empty() {
        write(&transaction, poll, &effects)?;
        if !effects.address_usage.is_empty() {
            places::write(&transaction, poll, &effects.address_usage)?;
        }
        transaction.commit().map_err(failure)?;
    }
    Ok(Some((outcomes, effects.state.tally)))
}

/// What the batch's voters did before: the ballot that stands, and the batch's own ballots if they were accepted once.
fn histories(
    transaction: &WriteTransaction,
    ballots: &[Ballot],
) -> Result<HashMap<VoterId, VoterHistory>, StoreError> {
    let votes = transaction.open_table(VOTES).map_err(failure)?;
    let superseded = transaction.open_table(SUPERSEDED).map_err(failure)?;
    let mut histories: HashMap<VoterId, VoterHistory> = HashMap::new();
    for Ballot {
        id, poll, voter, ..
    } in ballots
    {
        let history = histories.entry(*voter).or_default();
        if history.active.is_none() {
            let row = votes
                .get((*poll.as_bytes(), *voter.as_bytes()))
                .map_err(failure)?;
            history.active = row
                .map(|row| decode_vote(*poll, *voter, &row.value()))
                .transpose()?;
        }
        let old = superseded
            .get((*poll.as_bytes(), *voter.as_bytes(), *id.as_bytes()))
            .map_err(failure)?;
        if let Some(old) = old
            && !history.superseded.iter().any(|known| known.id == *id)
        {
            history
                .superseded
                .push(decode_superseded(*id, *voter, &old.value())?);
        }
    }
    Ok(histories)
}

fn write(
    transaction: &WriteTransaction,
    poll: PollId,
    effects: &WriteSet,
) -> Result<(), StoreError> {
    let state: &PollState = &effects.state;
    let mut polls = transaction.open_table(POLLS).map_err(failure)?;
    polls
        .insert(poll.as_bytes(), encode_state(state)?)
        .map_err(failure)?;
    let mut votes = transaction.open_table(VOTES).map_err(failure)?;
    for standing in &effects.inserted {
        let key = (*poll.as_bytes(), *standing.ballot.voter.as_bytes());
        if votes
            .insert(key, encode_vote(standing))
            .map_err(failure)?
            .is_some()
        {
            // The unique key is the judge: dropping the transaction undoes it all.
            return Err(StoreError::failed(
                BACKEND,
                "a ballot stood where none was read",
            ));
        }
    }
    for standing in &effects.updated {
        votes
            .insert(
                (*poll.as_bytes(), *standing.ballot.voter.as_bytes()),
                encode_vote(standing),
            )
            .map_err(failure)?;
    }
    let mut order = transaction.open_table(ORDER).map_err(failure)?;
    for old in &effects.superseded {
        order
            .remove((*poll.as_bytes(), old.revision))
            .map_err(failure)?;
    }
    for standing in effects.inserted.iter().chain(&effects.updated) {
        order
            .insert(
                (*poll.as_bytes(), standing.revision),
                *standing.ballot.voter.as_bytes(),
            )
            .map_err(failure)?;
    }
    for voter in &effects.removed {
        votes
            .remove((*poll.as_bytes(), *voter.as_bytes()))
            .map_err(failure)?;
    }
    let mut superseded = transaction.open_table(SUPERSEDED).map_err(failure)?;
    for old in &effects.superseded {
        let key = (*poll.as_bytes(), *old.voter.as_bytes(), *old.id.as_bytes());
        superseded
            .insert(key, (old.choice.to_bytes(), old.revision))
            .map_err(failure)?;
    }
    Ok(())
}
