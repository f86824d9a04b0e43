use crate::ballot::{Ballot, Choice, Refusal, Verdict};
use crate::id::BallotId;
use crate::time::Timestamp;
use crate::voter::VoterId;

/// A ballot that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveBallot {
    /// The ballot.
    pub ballot: Ballot,
    /// The revision at which the ballot was counted.
    pub revision: u64,
    /// The time at which the ballot was counted.
    pub cast_at: Timestamp,
}

/// An accepted ballot that no longer counts: replaced, withdrawn, or a withdrawal itself.
///
/// Stored so that a late retry is recognized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupersededBallot {
    /// The ballot's id.
    pub id: BallotId,
    /// The voter.
    pub voter: VoterId,
    /// The choice.
    pub choice: Choice,
    /// The revision at which the ballot was accepted.
    pub revision: u64,
}

/// The accepted ballots of one voter in one poll.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VoterHistory {
    /// The ballot that counts.
    pub active: Option<ActiveBallot>,
    /// Accepted ballots that no longer count. A store may omit those whose ids are not in
    /// the current batch.
    pub superseded: Vec<SupersededBallot>,
    /// True if any ballot of the voter was accepted before. A store reads it only for a
    /// voter without an active ballot, in a poll that allows revotes: all other voters
    /// without an active ballot are new.
    pub has_voted_before: bool,
}

impl VoterHistory {
    /// Returns true if no ballot of the voter was accepted before.
    pub(crate) const fn is_new(&self) -> bool {
        self.active.is_none() && self.superseded.is_empty() && !self.has_voted_before
    }

    /// Returns true if the ballot with this id was accepted, as far as this history has the
    /// superseded ballots.
    #[must_use]
    pub fn has_accepted(&self, id: BallotId) -> bool {
        self.accepted(id).is_some()
    }

    /// Returns the verdict on a ballot whose id was accepted before: a replay, or a refusal
    /// if the choice differs. Returns `None` for any other ballot.
    pub(crate) fn replay(&self, ballot: &Ballot) -> Option<Verdict> {
        let (choice, revision) = self.accepted(ballot.id)?;
        Some(if *choice == ballot.choice {
            Verdict::Replay { revision }
        } else {
            Verdict::Refuse(Refusal::BallotIdReused)
        })
    }

    /// Returns the choice and the revision of the accepted ballot with this id.
    fn accepted(&self, id: BallotId) -> Option<(&Choice, u64)> {
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
