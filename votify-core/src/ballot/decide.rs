use crate::ballot::{Ballot, Outcome, Refusal, VoterHistory};
use crate::poll::{AddressQuota, Poll, PollStatus};
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
/// `at_address`: how many ballots stand from the ballot's address, if the poll has a quota of those.
///
/// In this order: a ballot that was accepted before is replayed, whatever happened since; a voter identified under
/// other rules is sent back; then time, then shape, then what the voter did before; and at last, whether there is room for
/// one more at their address.
#[must_use]
pub fn decide(
    poll: &Poll,
    history: &VoterHistory,
    at_address: u32,
    ballot: &Ballot,
    now: Timestamp,
) -> Verdict {
    if let Some((choice, revision)) = history.accepted(ballot.id) {
        return if *choice == ballot.choice {
            Verdict::Replay { revision }
        } else {
            Verdict::Refuse(Refusal::BallotIdReused)
        };
    }
    if ballot.voter.policy() != poll.rules.voters || !address_matches_quota(poll, ballot) {
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
        history.active.is_some(),
        poll.rules.revote,
    ) {
        (true, _, false) => Verdict::Refuse(Refusal::RevoteNotAllowed),
        (true, false, true) => Verdict::Refuse(Refusal::NotVoted),
        (true, true, true) => Verdict::Withdraw,
        (false, true, false) => Verdict::Refuse(Refusal::AlreadyVoted),
        (false, true, true) => Verdict::Replace,
        (false, false, _) if is_full(poll, at_address) => Verdict::Refuse(Refusal::AddressQuota),
        (false, false, _) => Verdict::Count,
    }
}

/// Whether the ballot tells its address as the poll's quota counts them, if it has one.
fn address_matches_quota(poll: &Poll, ballot: &Ballot) -> bool {
    let fits = |quota: AddressQuota| {
        let address = ballot.address;
        address.is_some_and(|address| address.ipv4_prefix() == quota.ipv4_prefix)
    };
    poll.rules.address_quota.is_none_or(fits)
}

fn is_full(poll: &Poll, at_address: u32) -> bool {
    let quota = poll.rules.address_quota;
    quota.is_some_and(|quota| at_address >= quota.ballots)
}

#[cfg(test)]
mod tests;
