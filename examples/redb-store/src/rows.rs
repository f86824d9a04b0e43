//! What is kept, and how it is written down.

use redb::{ReadableTable, TableDefinition};
use votify_core::ballot::{ActiveBallot, SupersededBallot};
use votify_core::poll::PollState;
use votify_core::store::StoreError;
use votify_core::{Ballot, BallotId, Choice, PollId, Timestamp, VoterId};

/// The name that this store goes by in logs.
pub(crate) const BACKEND: &str = "redb";

/// A poll's definition, counts and position, as JSON.
pub(crate) const POLLS: TableDefinition<'_, [u8; 16], Vec<u8>> = TableDefinition::new("polls");
/// Standing ballots by (poll, voter): the unique key that is the judge.
pub(crate) const VOTES: TableDefinition<'_, VoteKey, Vote> = TableDefinition::new("votes");
/// The voters of standing ballots by (poll, revision).
pub(crate) const ORDER: TableDefinition<'_, ([u8; 16], u64), [u8; 16]> =
    TableDefinition::new("votes_by_revision");
/// Accepted ballots that count no more.
pub(crate) const SUPERSEDED: TableDefinition<'_, SupersededKey, Superseded> =
    TableDefinition::new("superseded_votes");

/// Where a voter's ballot stands, by (poll, voter), in polls with a quota for each address.
pub(crate) const PLACES: TableDefinition<'_, VoteKey, [u8; 16]> = TableDefinition::new("places");
/// How many ballots stand at an address, by (poll, address).
pub(crate) const ADDRESSES: TableDefinition<'_, ([u8; 16], [u8; 16]), u32> =
    TableDefinition::new("addresses");

/// Poll and voter.
pub(crate) type VoteKey = ([u8; 16], [u8; 16]);
/// Ballot, choice, revision, microseconds.
pub(crate) type Vote = ([u8; 16], Vec<u8>, u64, i64);
/// Poll, voter, ballot.
pub(crate) type SupersededKey = ([u8; 16], [u8; 16], [u8; 16]);
/// Choice, revision.
pub(crate) type Superseded = (Vec<u8>, u64);

pub(crate) fn encode_state(state: &PollState) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(state).map_err(|error| StoreError::failed(BACKEND, error))
}

pub(crate) fn decode_state(bytes: &[u8]) -> Result<PollState, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::corrupt(BACKEND, error))
}

pub(crate) fn encode_vote(standing: &ActiveBallot) -> Vote {
    let ActiveBallot {
        ballot,
        revision,
        cast_at,
    } = standing;
    (
        *ballot.id.as_bytes(),
        ballot.choice.to_bytes(),
        *revision,
        cast_at.as_micros(),
    )
}

pub(crate) fn decode_vote(
    poll: PollId,
    voter: VoterId,
    vote: &Vote,
) -> Result<ActiveBallot, StoreError> {
    let (id, choice, revision, micros) = vote;
    let corrupt = |error| StoreError::corrupt(BACKEND, error);
    Ok(ActiveBallot {
        ballot: Ballot {
            id: BallotId::from_bytes(*id),
            poll,
            voter,
            choice: Choice::from_bytes(choice).map_err(|error| corrupt(error.to_string()))?,
            address: None,
        },
        revision: *revision,
        cast_at: Timestamp::from_micros(*micros).map_err(|error| corrupt(error.to_string()))?,
    })
}

pub(crate) fn decode_superseded(
    id: BallotId,
    voter: VoterId,
    row: &Superseded,
) -> Result<SupersededBallot, StoreError> {
    let choice = Choice::from_bytes(&row.0).map_err(|error| StoreError::corrupt(BACKEND, error))?;
    Ok(SupersededBallot {
        id,
        voter,
        choice,
        revision: row.1,
    })
}

/// The state of a poll, if there is one.
pub(crate) fn state_of(
    polls: &impl ReadableTable<[u8; 16], Vec<u8>>,
    id: PollId,
) -> Result<Option<PollState>, StoreError> {
    polls
        .get(id.as_bytes())
        .map_err(failure)?
        .map(|row| decode_state(&row.value()))
        .transpose()
}

/// All of a poll's standing ballots.
pub(crate) fn standing(
    votes: &impl ReadableTable<VoteKey, Vote>,
    poll: PollId,
) -> Result<Vec<ActiveBallot>, StoreError> {
    let range = (*poll.as_bytes(), [0; 16])..=(*poll.as_bytes(), [0xFF; 16]);
    let rows = votes.range(range).map_err(failure)?;
    rows.map(|row| {
        let (key, vote) = row.map_err(failure)?;
        decode_vote(poll, voter(key.value().1)?, &vote.value())
    })
    .collect()
}

pub(crate) fn voter(bytes: [u8; 16]) -> Result<VoterId, StoreError> {
    VoterId::from_bytes(bytes).map_err(|error| StoreError::corrupt(BACKEND, error))
}

/// Turns a failure of redb into one of ours, once, by kind: what the disk does may pass, what redb holds may not.
pub(crate) fn failure(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        error @ (redb::Error::Io(_)
        | redb::Error::DatabaseAlreadyOpen
        | redb::Error::PreviousIo) => StoreError::unavailable(BACKEND, error),
        error @ redb::Error::Corrupted(_) => StoreError::corrupt(BACKEND, error),
        error => StoreError::failed(BACKEND, error),
    }
}
