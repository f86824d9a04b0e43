//! Ballots: what they say, the one rule that accepts or refuses them, and how a batch of them is counted.

mod choice;
mod decide;
mod history;
mod outcome;
mod receipt;

pub use choice::{Choice, ChoiceProblem, CorruptChoice};
pub use decide::{Verdict, decide};
pub use history::{ActiveBallot, SupersededBallot, VoterHistory};
pub use outcome::{Outcome, Refusal};
pub use receipt::BatchReceipt;

use crate::id::{BallotId, PollId};
use crate::voter::{AddressId, VoterId};

/// A vote on its way: who says what about which poll, under an id that makes sending it again harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// The ballot's name, unique for this voter in this poll.
    pub id: BallotId,
    /// Which poll.
    pub poll: PollId,
    /// Who votes.
    pub voter: VoterId,
    /// What they say.
    pub choice: Choice,
    /// From where, in a poll with an [`AddressQuota`](crate::poll::AddressQuota). Not told of ballots that are read back.
    pub address: Option<AddressId>,
}
