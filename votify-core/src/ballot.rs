//! Ballots: choices, the voting rule that accepts or refuses them, and their outcomes.

mod choice;
mod decide;
pub(crate) mod encoded_choice;
mod history;
mod outcome;
mod receipt;

pub(crate) use choice::Repr;
pub use choice::{Choice, ChoiceProblem};
pub use decide::{Verdict, decide};
pub use encoded_choice::{CorruptChoice, EncodeChoiceError};
pub use history::{ActiveBallot, SupersededBallot, VoterHistory};
pub use outcome::{Outcome, Refusal};
pub use receipt::BatchReceipt;

use crate::id::{BallotId, PollId};
use crate::time::Timestamp;
use crate::voter::{AddressId, VoterId};

/// A vote or a withdrawal, as it is sent to a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// The ballot's id, unique for this voter in this poll. Makes retries safe.
    pub id: BallotId,
    /// The poll.
    pub poll: PollId,
    /// The voter.
    pub voter: VoterId,
    /// The choice.
    pub choice: Choice,
    /// The address, in a poll with an [`AddressQuota`](crate::poll::AddressQuota). Stores
    /// return ballots without it.
    pub address: Option<AddressId>,
    /// When and where a queue stored the ballot. `None` for a ballot that was cast
    /// directly. Never set by a client. Stores return ballots without it.
    pub accepted: Option<Accepted>,
}

impl Ballot {
    /// Returns the time at which the ballot is decided: the time of acceptance of a queued
    /// ballot, otherwise `now`.
    #[must_use]
    pub fn cast_at(&self, now: Timestamp) -> Timestamp {
        self.accepted.map_or(now, |accepted| accepted.at)
    }
}

/// When and where a queue stored a ballot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Accepted {
    /// The time at which the ballot was accepted, before the queue stored it. The ballot is
    /// decided as of this time.
    pub at: Timestamp,
    /// The position in the queue's log of the poll. Positions start at 1 and grow with
    /// each record, at most to `i64::MAX`. A store skips a ballot whose position is not
    /// above its poll's [`log_position`](crate::poll::PollState::log_position).
    pub log_position: u64,
}
