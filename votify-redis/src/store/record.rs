//! Encoding of poll states and ballots. Numbers are big-endian.

use votify_core::backend::TrendingScore;
use votify_core::ballot::{ActiveBallot, EncodeChoiceError, SupersededBallot};
use votify_core::poll::{PollOption, PollState};
use votify_core::tally::OptionCount;
use votify_core::{Ballot, BallotId, Poll, PollId, Position, Tally, Timestamp, VoterId};

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
    let mut bytes = Vec::with_capacity(51 + 8 * tally.counts.len() + 40);
    bytes.push(STATE_FORMAT);
    bytes.extend_from_slice(&nonce);
    let numbers = [
        tally.position.epoch,
        tally.position.revision,
        tally.total_votes,
        state.trending.as_log2().to_bits(),
        state.log_position,
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
    let poll = decode_definition(id, definition)?;
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
        let log_position = reader.number()?;
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
            log_position,
        };
        Some(StoredPoll {
            nonce,
            state,
            run: reader.0.to_vec(),
        })
    };
    decode().ok_or_else(|| Corrupt::of(id, "the state"))
}

pub(super) fn decode_definition(id: PollId, definition: &[u8]) -> Result<Poll, Corrupt> {
    let corrupt = |what| Corrupt::of(id, what);
    let poll: Poll = serde_json::from_slice(definition).map_err(|_| corrupt("the definition"))?;
    if poll.id != id {
        return Err(corrupt("the id"));
    }
    Ok(poll)
}

/// Returns the nonce of an encoded state.
pub(super) fn nonce(state: &[u8]) -> Option<[u8; 8]> {
    let mut reader = ByteReader(state);
    reader.array::<1>()?;
    reader.array()
}

pub(super) fn encode_vote(
    poll: &Poll,
    active: &ActiveBallot,
) -> Result<Vec<u8>, EncodeChoiceError> {
    let choice = poll.encode_choice(&active.ballot.choice)?;
    let mut bytes = Vec::with_capacity(32 + choice.len());
    bytes.extend_from_slice(active.ballot.id.as_bytes());
    bytes.extend_from_slice(&active.revision.to_be_bytes());
    bytes.extend_from_slice(&active.cast_at.as_micros().to_be_bytes());
    bytes.extend_from_slice(&choice);
    Ok(bytes)
}

/// Decodes an active ballot. `poll` must be of the same read as the ballot, or of a later
/// one: an edit before the first ballot may change what the stored choice refers to.
pub(super) fn decode_vote(
    poll: &Poll,
    voter: VoterId,
    bytes: &[u8],
) -> Result<ActiveBallot, Corrupt> {
    let mut reader = ByteReader(bytes);
    let mut decode = || {
        let id = BallotId::from_bytes(reader.array()?);
        let revision = reader.number()?;
        let cast_at = Timestamp::from_micros(i64::from_be_bytes(reader.array()?)).ok()?;
        let choice = poll.decode_choice(reader.0).ok()?;
        Some(ActiveBallot {
            ballot: Ballot {
                id,
                poll: poll.id,
                voter,
                choice,
                address: None,
                accepted: None,
            },
            revision,
            cast_at,
        })
    };
    decode().ok_or_else(|| Corrupt::of(poll.id, "a ballot"))
}

pub(super) fn encode_superseded(
    poll: &Poll,
    old: &SupersededBallot,
) -> Result<Vec<u8>, EncodeChoiceError> {
    let choice = poll.encode_choice(&old.choice)?;
    let mut bytes = Vec::with_capacity(8 + choice.len());
    bytes.extend_from_slice(&old.revision.to_be_bytes());
    bytes.extend_from_slice(&choice);
    Ok(bytes)
}

/// Decodes a superseded ballot. `poll` must be as for [`decode_vote`].
pub(super) fn decode_superseded(
    poll: &Poll,
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
            choice: poll.decode_choice(reader.0).ok()?,
        })
    };
    decode().ok_or_else(|| Corrupt::of(poll.id, "a superseded ballot"))
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

#[cfg(test)]
mod tests {
    use votify_core::{Choice, Keyring, PollDraft, VoterPolicy};

    use super::*;

    fn poll() -> Poll {
        PollDraft::multiple_choice("Toppings?", ["Corn", "Olives", "Onions"], 1, 3)
            .into_poll(
                PollId::generate(Timestamp::EPOCH),
                Timestamp::EPOCH,
                &Keyring::ephemeral(),
            )
            .unwrap()
    }

    fn choices(poll: &Poll) -> [Choice; 3] {
        let [first, _, third] = [0, 1, 2].map(|ordinal: usize| poll.options[ordinal].id);
        [
            Choice::withdraw(),
            Choice::one(third),
            Choice::several([third, first]),
        ]
    }

    const VOTER: [u8; 15] = [7; 15];

    #[test]
    fn ballots_round_trip() {
        let poll = poll();
        let voter = VoterId::new(VoterPolicy::Browser, VOTER);
        for choice in choices(&poll) {
            let active = ActiveBallot {
                ballot: Ballot {
                    id: BallotId::from_bytes([9; 16]),
                    poll: poll.id,
                    voter,
                    choice,
                    address: None,
                    accepted: None,
                },
                revision: 300,
                cast_at: Timestamp::EPOCH,
            };
            let bytes = encode_vote(&poll, &active).unwrap();
            assert_eq!(decode_vote(&poll, voter, &bytes).unwrap(), active);
            let old = SupersededBallot {
                id: active.ballot.id,
                voter,
                choice: active.ballot.choice,
                revision: 300,
            };
            let bytes = encode_superseded(&poll, &old).unwrap();
            let decoded = decode_superseded(&poll, voter, old.id, &bytes);
            assert_eq!(decoded.unwrap(), old);
        }
    }

    #[test]
    fn choices_of_other_polls_are_corrupt() {
        let (poll, voter) = (poll(), VoterId::new(VoterPolicy::Browser, VOTER));
        for choice in [&[][..], &[0x11], &[0x11, 3], &[0x12, 1, 0], &[7]] {
            let vote = [&[0; 32], choice].concat();
            assert!(decode_vote(&poll, voter, &vote).is_err());
            let (id, old) = (BallotId::from_bytes([9; 16]), [&[0; 8], choice].concat());
            assert!(decode_superseded(&poll, voter, id, &old).is_err());
        }
    }
}
