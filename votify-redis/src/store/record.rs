//! Encoding of poll states and ballots. Numbers are big-endian.

use votify_core::backend::TrendingScore;
use votify_core::ballot::{ActiveBallot, SupersededBallot};
use votify_core::poll::{PollOption, PollState};
use votify_core::tally::OptionCount;
use votify_core::{Ballot, BallotId, Choice, Poll, PollId, Position, Tally, Timestamp, VoterId};

use super::error::Corrupt;

/// Version of the state encoding, its first byte. Other versions cannot be decoded.
const STATE_FORMAT: u8 = 1;

/// A poll as stored.
#[derive(Debug, Clone)]
pub(super) struct StoredPoll {
    /// Random value from the poll's creation. It distinguishes a poll from a deleted one
    /// with the same id.
    pub(super) nonce: [u8; 8],
    pub(super) state: PollState,
    /// Run id of the server at the last write.
    pub(super) run: Vec<u8>,
}

/// Encodes a state without its definition and without the run id that ends it.
pub(super) fn encode(nonce: [u8; 8], state: &PollState) -> Vec<u8> {
    let tally = &state.tally;
    let mut bytes = Vec::with_capacity(43 + 8 * tally.counts.len() + 40);
    bytes.push(STATE_FORMAT);
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

/// Encodes a state that the server's run `run` writes.
pub(super) fn encode_by(run: &[u8], nonce: [u8; 8], state: &PollState) -> Vec<u8> {
    let mut bytes = encode(nonce, state);
    bytes.extend_from_slice(run);
    bytes
}

pub(super) fn decode(id: PollId, state: &[u8], definition: &[u8]) -> Result<StoredPoll, Corrupt> {
    let corrupt = |what| Corrupt::of(id, what);
    let poll: Poll = serde_json::from_slice(definition).map_err(|_| corrupt("the definition"))?;
    if poll.id != id {
        return Err(corrupt("the id"));
    }
    let mut reader = ByteReader(state);
    let mut decode = || -> Option<StoredPoll> {
        if reader.array::<1>()? != [STATE_FORMAT] {
            return None;
        }
        let nonce = reader.array()?;
        let position = Position {
            epoch: reader.number()?,
            revision: reader.number()?,
        };
        let total_votes = reader.number()?;
        let trending = TrendingScore::from_log2(f64::from_bits(reader.number()?));
        let options = u16::from_be_bytes(reader.array()?);
        if usize::from(options) != poll.options.len() {
            return None;
        }
        let count = |option: &PollOption| {
            Some(OptionCount {
                option: option.id,
                count: reader.number()?,
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
            trending,
        };
        Some(StoredPoll {
            nonce,
            state,
            run: reader.0.to_vec(),
        })
    };
    decode().ok_or_else(|| corrupt("the state"))
}

/// Returns the nonce of an encoded state.
pub(super) fn nonce(state: &[u8]) -> Option<[u8; 8]> {
    let mut reader = ByteReader(state);
    reader.array::<1>()?;
    reader.array()
}

pub(super) fn encode_vote(active: &ActiveBallot) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(49);
    bytes.extend_from_slice(active.ballot.id.as_bytes());
    bytes.extend_from_slice(&active.revision.to_be_bytes());
    bytes.extend_from_slice(&active.cast_at.as_micros().to_be_bytes());
    bytes.extend_from_slice(&active.ballot.choice.to_bytes());
    bytes
}

pub(super) fn decode_vote(
    poll: PollId,
    voter: VoterId,
    bytes: &[u8],
) -> Result<ActiveBallot, Corrupt> {
    let mut reader = ByteReader(bytes);
    let mut decode = || {
        let id = BallotId::from_bytes(reader.array()?);
        let revision = reader.number()?;
        let cast_at = Timestamp::from_micros(i64::from_be_bytes(reader.array()?)).ok()?;
        let choice = Choice::from_bytes(reader.0).ok()?;
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
    decode().ok_or_else(|| Corrupt::of(poll, "a ballot"))
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
) -> Result<SupersededBallot, Corrupt> {
    let mut reader = ByteReader(bytes);
    let mut decode = || {
        Some(SupersededBallot {
            id,
            voter,
            revision: reader.number()?,
            choice: Choice::from_bytes(reader.0).ok()?,
        })
    };
    decode().ok_or_else(|| Corrupt::of(poll, "a superseded ballot"))
}

pub(super) fn decode_voter(poll: PollId, bytes: &[u8]) -> Result<VoterId, Corrupt> {
    let voter = <[u8; 16]>::try_from(bytes).ok();
    voter
        .and_then(|bytes| VoterId::from_bytes(bytes).ok())
        .ok_or_else(|| Corrupt::of(poll, "a voter"))
}

/// Reads from the front of a byte slice, which is left with the remaining bytes.
struct ByteReader<'a>(&'a [u8]);

impl ByteReader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }
}
