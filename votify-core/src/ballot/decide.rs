use crate::ballot::{Ballot, Outcome, Refusal, VoterHistory};
use crate::poll::{Poll, PollStatus};
use crate::time::Timestamp;

/// What is to be done with a ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Count it: the voter has none standing.
    Count,
    /// Count it in place of the standing one.
    Replace,
    /// Take the standing one out of the count.
    Withdraw,
    /// Nothing: it was accepted before, at this revision.
    Replay {
        /// The revision that it made.
        revision: u64,
    },
    /// Nothing: it does not count.
    Refuse(Refusal),
}

impl Verdict {
    /// The outcome to tell the voter, if carrying this out makes `revision`.
    pub(crate) fn outcome(self, next: u64) -> Outcome {
        match self {
            Self::Count => Outcome::Counted { revision: next },
            Self::Replace => Outcome::Replaced { revision: next },
            Self::Withdraw => Outcome::Withdrawn { revision: next },
            Self::Replay { revision } => Outcome::Replayed { revision },
            Self::Refuse(refusal) => Outcome::Refused(refusal),
        }
    }
}

/// The rule: the only place that accepts or refuses a ballot.
///
/// Pure, and to be asked under the poll's lock, with the poll and the voter's history as they are under that lock.
///
/// In this order: a ballot that was accepted before is replayed, whatever happened since; a voter identified under
/// another policy is sent back; then time, then shape, then what the voter did before.
#[must_use]
pub fn decide(poll: &Poll, history: &VoterHistory, ballot: &Ballot, now: Timestamp) -> Verdict {
    if let Some((choice, revision)) = history.accepted(ballot.id) {
        return if *choice == ballot.choice {
            Verdict::Replay { revision }
        } else {
            Verdict::Refuse(Refusal::BallotIdReused)
        };
    }
    if ballot.voter.policy() != poll.rules.voters {
        return Verdict::Refuse(Refusal::OtherVoterPolicy);
    }
    match poll.status(now) {
        PollStatus::Closed => return Verdict::Refuse(Refusal::Closed),
        PollStatus::Scheduled => {
            return Verdict::Refuse(Refusal::NotOpenYet {
                opens_at: poll.opens_at,
            });
        }
        PollStatus::Open => {}
    }
    if let Err(problems) = ballot.choice.check(poll) {
        return Verdict::Refuse(Refusal::Invalid(problems));
    }
    match (
        ballot.choice.is_withdrawal(),
        history.standing.is_some(),
        poll.rules.revote,
    ) {
        (true, _, false) => Verdict::Refuse(Refusal::RevoteNotAllowed),
        (true, false, true) => Verdict::Refuse(Refusal::NotVoted),
        (true, true, true) => Verdict::Withdraw,
        (false, true, false) => Verdict::Refuse(Refusal::AlreadyVoted),
        (false, true, true) => Verdict::Replace,
        (false, false, _) => Verdict::Count,
    }
}

#[cfg(test)]
mod tests;
