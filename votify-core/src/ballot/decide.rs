use crate::ballot::{Ballot, Outcome, Refusal, VoterHistory};
use crate::poll::{AddressQuota, Poll, PollStatus};
use crate::time::Timestamp;

/// The decision on a ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Count the ballot: the voter has no active one.
    Count,
    /// Count the ballot in place of the active one.
    Replace,
    /// Remove the active ballot.
    Withdraw,
    /// Change nothing: the ballot was accepted before, at this revision.
    Replay {
        /// The revision at which the ballot was accepted.
        revision: u64,
    },
    /// Change nothing: the ballot does not count.
    Refuse(Refusal),
}

impl Verdict {
    /// Returns the outcome for the voter. `next` is the revision that applying the
    /// verdict creates.
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

/// Decides whether a ballot counts. The only function that accepts a ballot.
///
/// The engine refuses malformed choices earlier, if the definition is frozen.
///
/// A pure function. A store calls it with the poll and the voter's history as read under
/// the poll's lock, or writes the verdict only if both are unchanged. `ever_had_ballots` is
/// that of the poll's tally. `ballots_at_address` is the number of active ballots from the
/// ballot's address, or 0 if the poll has no address quota.
///
/// The checks, in this order:
///
/// 1. A ballot that was accepted before is replayed, even after closing or a later
///    change.
/// 2. A voter or address identified under other rules than the poll's is refused.
/// 3. The poll must be open: for a ballot from a queue at the time of its
///    [acceptance](Ballot::accepted), otherwise at `now`. A poll with a counted ballot has
///    opened, whatever the clock says.
/// 4. The choice must fit the poll.
/// 5. The voter's history must allow the ballot: revotes and withdrawals depend on the
///    rules.
/// 6. A first ballot must fit into the address quota.
#[must_use]
pub fn decide(
    poll: &Poll,
    ever_had_ballots: bool,
    history: &VoterHistory,
    ballots_at_address: u32,
    ballot: &Ballot,
    now: Timestamp,
) -> Verdict {
    if let Some(verdict) = history.replay(ballot) {
        return verdict;
    }
    if ballot.voter.policy() != poll.rules.voters || !address_matches_quota(poll, ballot) {
        return Verdict::Refuse(Refusal::OutdatedIdentity);
    }
    match poll.status(ballot.cast_at(now), ever_had_ballots) {
        PollStatus::Closed => return Verdict::Refuse(Refusal::Closed),
        PollStatus::Scheduled => {
            return Verdict::Refuse(Refusal::NotOpenYet {
                opens_at: poll.opening_time(),
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
        (false, false, _) if quota_exhausted(poll, ballots_at_address) => {
            Verdict::Refuse(Refusal::AddressQuota)
        }
        (false, false, _) => Verdict::Count,
    }
}

/// Returns true if the ballot's address id was derived with the prefix of the poll's
/// quota, or the poll has no quota.
fn address_matches_quota(poll: &Poll, ballot: &Ballot) -> bool {
    let matches_prefix = |quota: AddressQuota| {
        let address = ballot.address;
        address.is_some_and(|address| address.ipv4_prefix() == quota.ipv4_prefix)
    };
    poll.rules.address_quota.is_none_or(matches_prefix)
}

fn quota_exhausted(poll: &Poll, ballots_at_address: u32) -> bool {
    let quota = poll.rules.address_quota;
    quota.is_some_and(|quota| ballots_at_address >= quota.ballots)
}

#[cfg(test)]
mod tests;
