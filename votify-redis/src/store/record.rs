//! How a poll's state and ballots are written down: numbers as big-endian bytes.

use votify_core::backend::TrendingScore;
use votify_core::ballot::{ActiveBallot, SupersededBallot};
use votify_core::poll::PollState;
use votify_core::tally::OptionCount;
use votify_core::{Ballot, BallotId, Choice, Poll, PollId, Position, Tally, Timestamp, VoterId};

use super::error::Damaged;

/// The form in which states are written; one that is newer cannot be read.
const FORM: u8 = 1;

/// A poll as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// Drawn when the poll was made: it tells this poll from another one that had its id before.
    pub(super) nonce: [u8; 8],
    pub(super) state: PollState,
    /// The run of the server that wrote it last.
    pub(super) run: Vec<u8>,
}

/// Everything of a state but its definition, and without the run that it ends with.
pub(super) fn encode(nonce: [u8; 8], state: &PollState) -> Vec<u8> {
    let tally = &state.tally;
    let mut bytes = Vec::with_capacity(43 + 8 * tally.counts.len() + 40);
    bytes.push(FORM);
    bytes.extend_from_slice(&nonce);
    let numbers = [
        tally.position.epoch,
        tally.position.revision,
        tally.total_votes,
        state.trending.as_log2().to_bits(),
    ];
    numbers
        .iter()
        .for_each(|number| bytes.extend_from_slice(&number.to_be_bytes()));
    let options = u16::try_from(tally.counts.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&options.to_be_bytes());
    for entry in &tally.counts {
        bytes.extend_from_slice(&entry.count.to_be_bytes());
    }
    bytes
}

/// The same, as written by a run of the server.
pub(super) fn encode_by(run: &[u8], nonce: [u8; 8], state: &PollState) -> Vec<u8> {
    let mut bytes = encode(nonce, state);
    bytes.extend_from_slice(run);
    bytes
}

pub(super) fn decode(id: PollId, state: &[u8], definition: &[u8]) -> Result<Kept, Damaged> {
    let damaged = |what| Damaged::of(id, what);
    let poll: Poll =
        serde_json::from_slice(definition).map_err(|_| damaged("the definition of a poll"))?;
    if poll.id != id {
        return Err(damaged("the id of a poll"));
    }
    let mut rest = Rest(state);
    let mut read = || -> Option<Kept> {
        if rest.take::<1>()? != [FORM] {
            return None;
        }
        let nonce = rest.take()?;
        let position = Position {
            epoch: rest.number()?,
            revision: rest.number()?,
        };
        let total_votes = rest.number()?;
        let heat = TrendingScore::from_log2(f64::from_bits(rest.number()?));
        let options = u16::from_be_bytes(rest.take()?);
        if usize::from(options) != poll.options.len() {
            return None;
        }
        let count = |option: &votify_core::poll::PollOption| {
            Some(OptionCount {
                option: option.id,
                count: rest.number()?,
            })
        };
        let counts = poll.options.iter().map(count).collect::<Option<_>>()?;
        let tally = Tally {
            poll: id,
            position,
            version: poll.version,
            sealed: poll.is_sealed(),
            total_votes,
            counts,
        };
        let state = PollState {
            poll: poll.clone(),
            tally,
            trending: heat,
        };
        Some(Kept {
            nonce,
            state,
            run: rest.0.to_vec(),
        })
    };
    read().ok_or_else(|| damaged("the state of a poll"))
}

/// The nonce of a state.
pub(super) fn nonce(state: &[u8]) -> Option<[u8; 8]> {
    let mut rest = Rest(state);
    rest.take::<1>()?;
    rest.take()
}

pub(super) fn encode_vote(standing: &ActiveBallot) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(49);
    bytes.extend_from_slice(standing.ballot.id.as_bytes());
    bytes.extend_from_slice(&standing.revision.to_be_bytes());
    bytes.extend_from_slice(&standing.cast_at.as_micros().to_be_bytes());
    bytes.extend_from_slice(&standing.ballot.choice.to_bytes());
    bytes
}

pub(super) fn decode_vote(
    poll: PollId,
    voter: VoterId,
    bytes: &[u8],
) -> Result<ActiveBallot, Damaged> {
    let mut rest = Rest(bytes);
    let mut read = || {
        let id = BallotId::from_bytes(rest.take()?);
        let revision = rest.number()?;
        let cast_at = Timestamp::from_micros(i64::from_be_bytes(rest.take()?)).ok()?;
        let choice = Choice::from_bytes(rest.0).ok()?;
        Some(ActiveBallot {
            ballot: Ballot {
                id,
                poll,
                voter,
                choice,
                address: None,
            },
            revision,
            cast_at,
        })
    };
    read().ok_or_else(|| Damaged::of(poll, "a ballot"))
}

pub(super) fn encode_superseded(old: &SupersededBallot) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(25);
    bytes.extend_from_slice(&old.revision.to_be_bytes());
    bytes.extend_from_slice(&old.choice.to_bytes());
    bytes
}

pub(super) fn decode_superseded(
    poll: PollId,
    voter: VoterId,
    id: BallotId,
    bytes: &[u8],
) -> Result<SupersededBallot, Damaged> {
    let mut rest = Rest(bytes);
    let mut read = || {
        Some(SupersededBallot {
            id,
            voter,
            revision: rest.number()?,
            choice: Choice::from_bytes(rest.0).ok()?,
        })
    };
    read().ok_or_else(|| Damaged::of(poll, "a superseded ballot"))
}

pub(super) fn decode_voter(poll: PollId, bytes: &[u8]) -> Result<VoterId, Damaged> {
    let read = <[u8; 16]>::try_from(bytes).ok();
    read.and_then(|bytes| VoterId::from_bytes(bytes).ok())
        .ok_or_else(|| Damaged::of(poll, "a voter"))
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }
}
