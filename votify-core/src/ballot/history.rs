use crate::ballot::{Ballot, Choice};
use crate::id::BallotId;
use crate::time::Timestamp;
use crate::voter::VoterId;

/// A ballot that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveBallot {
    /// What was cast.
    pub ballot: Ballot,
    /// The revision that counting it made.
    pub revision: u64,
    /// When it was counted.
    pub cast_at: Timestamp,
}

/// A ballot that was accepted once and counts no more: replaced, withdrawn, or itself a withdrawal.
///
/// Kept so that a late retry of it is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupersededBallot {
    /// Its name.
    pub id: BallotId,
    /// Who cast it.
    pub voter: VoterId,
    /// What it said.
    pub choice: Choice,
    /// The revision that it made.
    pub revision: u64,
}

/// What one voter has done in one poll so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VoterHistory {
    /// The ballot that counts now.
    pub active: Option<ActiveBallot>,
    /// Accepted ballots that count no more. A store may leave out those whose ids are not in the batch at hand.
    pub superseded: Vec<SupersededBallot>,
}

impl VoterHistory {
    /// The choice and revision of the accepted ballot of that id.
    pub(crate) fn accepted(&self, id: BallotId) -> Option<(&Choice, u64)> {
        let active = self.active.as_ref().filter(|active| active.ballot.id == id);
        active
            .map(|active| (&active.ballot.choice, active.revision))
            .or_else(|| {
                self.superseded
                    .iter()
                    .find(|old| old.id == id)
                    .map(|old| (&old.choice, old.revision))
            })
    }
}
