//! Tables, and the encoding of their rows.

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use votify_core::ballot::{ActiveBallot, SupersededBallot};
use votify_core::poll::PollState;
use votify_core::store::StoreError;
use votify_core::{Ballot, BallotId, Choice, Poll, PollId, Timestamp, VoterId};

/// The name of this store in logs and errors.
pub(crate) const BACKEND: &str = "redb";

/// Definition, counts and position of each poll, as JSON.
///
/// Read as a slice: redb decodes a `Vec<u8>` byte by byte.
pub(crate) const POLLS: TableDefinition<'_, [u8; 16], &[u8]> = TableDefinition::new("polls");
/// Active ballots by (poll, voter). The key guarantees one active ballot per voter.
pub(crate) const VOTES: TableDefinition<'_, VoteKey, Vote> = TableDefinition::new("votes");
/// The voters of active ballots by (poll, revision), for `Store::ballots`.
pub(crate) const VOTES_BY_REVISION: TableDefinition<'_, ([u8; 16], u64), [u8; 16]> =
    TableDefinition::new("votes_by_revision");
/// Accepted ballots that a later vote or a withdrawal replaced.
pub(crate) const SUPERSEDED: TableDefinition<'_, SupersededKey, Superseded> =
    TableDefinition::new("superseded_votes");

/// The address of each active ballot by (poll, voter), in polls with an address quota.
pub(crate) const VOTE_ADDRESSES: TableDefinition<'_, VoteKey, [u8; 16]> =
    TableDefinition::new("vote_addresses");
/// The number of active ballots by (poll, address).
pub(crate) const ADDRESS_COUNTS: TableDefinition<'_, ([u8; 16], [u8; 16]), u32> =
    TableDefinition::new("address_counts");

/// The last poll of each join code.
pub(crate) const JOIN_CODES: TableDefinition<'_, &str, [u8; 16]> =
    TableDefinition::new("join_codes");
/// The browser sessions that each account claimed, as (account, session).
pub(crate) const CLAIMS: TableDefinition<'_, ([u8; 16], [u8; 16]), ()> =
    TableDefinition::new("claims");

/// Poll and voter.
pub(crate) type VoteKey = ([u8; 16], [u8; 16]);
/// Ballot, encoded choice, revision, microseconds.
pub(crate) type Vote = ([u8; 16], Vec<u8>, u64, i64);
/// Poll, voter, ballot.
pub(crate) type SupersededKey = ([u8; 16], [u8; 16], [u8; 16]);
/// Encoded choice, revision.
pub(crate) type Superseded = (Vec<u8>, u64);

pub(crate) fn encode_state(state: &PollState) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(state).map_err(|error| StoreError::failed(BACKEND, error))
}

pub(crate) fn decode_state(bytes: &[u8]) -> Result<PollState, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::corrupt(BACKEND, error))
}

pub(crate) fn encode_vote(poll: &Poll, active: &ActiveBallot) -> Result<Vote, StoreError> {
    let ActiveBallot {
        ballot,
        revision,
        cast_at,
    } = active;
    Ok((
        *ballot.id.as_bytes(),
        encode_choice(poll, &ballot.choice)?,
        *revision,
        cast_at.as_micros(),
    ))
}

/// Decodes an active ballot. `poll` must be of the same transaction as the row: before
/// the first ballot, an edit may change what a stored choice refers to.
pub(crate) fn decode_vote(
    poll: &Poll,
    voter: VoterId,
    vote: &Vote,
) -> Result<ActiveBallot, StoreError> {
    let (id, choice, revision, micros) = vote;
    Ok(ActiveBallot {
        ballot: Ballot {
            id: BallotId::from_bytes(*id),
            poll: poll.id,
            voter,
            choice: decode_choice(poll, choice)?,
            address: None,
            accepted: None,
        },
        revision: *revision,
        cast_at: Timestamp::from_micros(*micros)
            .map_err(|error| StoreError::corrupt(BACKEND, error))?,
    })
}

pub(crate) fn encode_superseded(
    poll: &Poll,
    old: &SupersededBallot,
) -> Result<Superseded, StoreError> {
    Ok((encode_choice(poll, &old.choice)?, old.revision))
}

/// Decodes a superseded ballot. `poll` must be as for [`decode_vote`].
pub(crate) fn decode_superseded(
    poll: &Poll,
    id: BallotId,
    voter: VoterId,
    row: &Superseded,
) -> Result<SupersededBallot, StoreError> {
    let (choice, revision) = row;
    Ok(SupersededBallot {
        id,
        voter,
        choice: decode_choice(poll, choice)?,
        revision: *revision,
    })
}

fn encode_choice(poll: &Poll, choice: &Choice) -> Result<Vec<u8>, StoreError> {
    poll.encode_choice(choice)
        .map_err(|error| StoreError::failed(BACKEND, error))
}

fn decode_choice(poll: &Poll, bytes: &[u8]) -> Result<Choice, StoreError> {
    poll.decode_choice(bytes)
        .map_err(|error| StoreError::corrupt(BACKEND, error))
}

/// Returns the state of a poll, or `None` if it does not exist.
pub(crate) fn state_of(
    polls: &impl ReadableTable<[u8; 16], &'static [u8]>,
    id: PollId,
) -> Result<Option<PollState>, StoreError> {
    polls
        .get(id.as_bytes())
        .map_err(store_error)?
        .map(|row| decode_state(row.value()))
        .transpose()
}

/// Returns the states of all polls. A store for many polls needs an index instead.
pub(crate) fn all_states(database: &Database) -> Result<Vec<PollState>, StoreError> {
    let snapshot = database.begin_read().map_err(store_error)?;
    let polls = snapshot.open_table(POLLS).map_err(store_error)?;
    let rows = polls.iter().map_err(store_error)?;
    rows.map(|row| decode_state(row.map_err(store_error)?.1.value()))
        .collect()
}

/// Returns all active ballots of a poll.
pub(crate) fn active_ballots(
    votes: &impl ReadableTable<VoteKey, Vote>,
    poll: &Poll,
) -> Result<Vec<ActiveBallot>, StoreError> {
    let range = (*poll.id.as_bytes(), [0; 16])..=(*poll.id.as_bytes(), [0xFF; 16]);
    let rows = votes.range(range).map_err(store_error)?;
    rows.map(|row| {
        let (key, vote) = row.map_err(store_error)?;
        decode_vote(poll, voter(key.value().1)?, &vote.value())
    })
    .collect()
}

pub(crate) fn voter(bytes: [u8; 16]) -> Result<VoterId, StoreError> {
    VoterId::from_bytes(bytes).map_err(|error| StoreError::corrupt(BACKEND, error))
}

/// Classifies an error of redb. Callers may retry only [`StoreError::Unavailable`], so
/// that is reserved for errors that can pass, such as a full disk.
pub(crate) fn store_error(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        error @ (redb::Error::Io(_)
        | redb::Error::DatabaseAlreadyOpen
        | redb::Error::PreviousIo) => StoreError::unavailable(BACKEND, error),
        error @ redb::Error::Corrupted(_) => StoreError::corrupt(BACKEND, error),
        error => StoreError::failed(BACKEND, error),
    }
}
