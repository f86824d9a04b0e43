//! Ballots: choices, the voting rule that accepts or refuses them, and their outcomes.

mod choice;
mod decide;
pub(crate) mod encoded_choice;
mod history;
mod outcome;
mod receipt;

pub use choice::{Choice, ChoiceProblem};
pub use decide::{Verdict, decide};
pub use encoded_choice::{CorruptChoice, EncodeChoiceError};
pub use history::{ActiveBallot, SupersededBallot, VoterHistory};
pub use outcome::{Outcome, Refusal};
pub use receipt::BatchReceipt;

use crate::id::{BallotId, PollId};
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
}
