use std::collections::BTreeSet;

use crate::ballot::{ActiveBallot, Ballot, Choice, Outcome, Refusal};
use crate::conformance::sequence::edit::Edit;
use crate::conformance::store::builders::at;
use crate::poll::{BallotKind, ChangeRefusal, InvalidPoll, Poll, PollStatus};
use crate::tally::{OptionCount, Position, Tally};
use crate::time::Timestamp;
use crate::voter::{AddressId, VoterId};

/// A poll of the model: its definition and the log of accepted ballots.
#[derive(Debug, Clone)]
pub(crate) struct ModelPoll {
    pub(crate) poll: Poll,
    pub(crate) epoch: u64,
    pub(crate) revision: u64,
    pub(crate) accepted: Vec<ActiveBallot>,
    /// The addresses of the accepted ballots, in the same order.
    pub(crate) addresses: Vec<Option<AddressId>>,
    pub(crate) log_position: u64,
}

/// The expected outcome of a change. The problems of an invalid change are not compared.
#[derive(Debug, PartialEq)]
pub(crate) enum Changed {
    NotFound,
    Refused(ChangeRefusal),
    Unchanged(Poll, Tally),
    Done(Poll, Tally),
}

impl ModelPoll {
    pub(crate) fn active_ballot(&self, voter: VoterId) -> Option<ActiveBallot> {
        let mut voters_ballots = self
            .accepted
            .iter()
            .rev()
            .filter(|entry| entry.ballot.voter == voter);
        voters_ballots
            .next()
            .filter(|last| last.ballot.choice != Choice::withdraw())
            .cloned()
    }

    pub(crate) fn active_ballots(&self) -> Vec<ActiveBallot> {
        let is_active =
            |entry: &&ActiveBallot| self.active_ballot(entry.ballot.voter).as_ref() == Some(*entry);
        self.accepted.iter().filter(is_active).cloned().collect()
    }

    pub(crate) fn tally(&self) -> Tally {
        let active = self.active_ballots();
        let chose = |option| {
            active
                .iter()
                .filter(|entry| entry.ballot.choice.options().contains(&option))
                .count() as u64
        };
        let counts = self.poll.options.iter().map(|option| OptionCount {
            option: option.id,
            count: chose(option.id),
        });
        Tally {
            poll: self.poll.id,
            position: Position {
                epoch: self.epoch,
                revision: self.revision,
            },
            version: self.poll.version,
            sealed: self.poll.sealed_at.is_some(),
            total_votes: active.len() as u64,
            counts: counts.collect(),
        }
    }

    /// Returns the address that the voter's active ballot was first counted from.
    fn first_address(&self, voter: VoterId) -> Option<AddressId> {
        let mut first_address = None;
        for (entry, from) in self.accepted.iter().zip(&self.addresses) {
            if entry.ballot.voter == voter {
                first_address = match entry.ballot.choice == Choice::withdraw() {
                    true => None,
                    false => first_address.or(*from),
                };
            }
        }
        first_address
    }

    fn quota_exhausted(&self, address: Option<AddressId>) -> bool {
        let Some(quota) = self.poll.rules.address_quota else {
            return false;
        };
        let active = self.active_ballots();
        let from_address = active
            .iter()
            .filter(|entry| self.first_address(entry.ballot.voter) == address);
        from_address.count() >= quota.ballots as usize
    }

    fn ended(&self, now: Timestamp) -> bool {
        self.poll.sealed_at.is_some() || self.poll.closes_at.is_some_and(|end| now >= end)
    }

    /// Returns the opening time if the poll has not opened. A poll opens at that time or,
    /// if an instance's clock is ahead, with its first accepted ballot.
    fn opens_later(&self, now: Timestamp) -> Option<Timestamp> {
        let opens_at = self.poll.opens_at.filter(|start| *start > now)?;
        self.accepted.is_empty().then_some(opens_at)
    }

    pub(crate) fn status(&self, now: Timestamp) -> PollStatus {
        if self.ended(now) {
            PollStatus::Closed
        } else if self.opens_later(now).is_some() {
            PollStatus::Scheduled
        } else {
            PollStatus::Open
        }
    }

    fn fits(&self, choice: &Choice) -> bool {
        let options: BTreeSet<_> = choice.options().iter().collect();
        let known = options
            .iter()
            .all(|id| self.poll.options.iter().any(|option| option.id == **id));
        let shape = match self.poll.rules.ballot {
            BallotKind::Single => *choice == Choice::one(choice.options()[0]),
            BallotKind::Multiple { min, max } => {
                *choice == Choice::several(choice.options().to_vec())
                    && (min as usize..=max as usize).contains(&options.len())
            }
        };
        shape && known
    }

    pub(crate) fn cast(&mut self, ballot: &Ballot, now: Timestamp) -> Outcome {
        let mut was_decided = false;
        let mut now = now;
        if let Some(accepted) = ballot.accepted {
            was_decided = accepted.log_position <= self.log_position;
            self.log_position = self.log_position.max(accepted.log_position);
            now = accepted.at;
        }
        let mut voters_ballots = self
            .accepted
            .iter()
            .filter(|entry| entry.ballot.voter == ballot.voter);
        if let Some(first) = voters_ballots.find(|entry| entry.ballot.id == ballot.id) {
            return match first.ballot.choice == ballot.choice {
                true => Outcome::Replayed {
                    revision: first.revision,
                },
                false => Outcome::Refused(Refusal::BallotIdReused),
            };
        }
        let (has_ballot, revote) = (
            self.active_ballot(ballot.voter).is_some(),
            self.poll.rules.revote,
        );
        let is_withdrawal = ballot.choice == Choice::withdraw();
        let refusal = if was_decided {
            Some(Refusal::RefusedBefore)
        } else if ballot.voter.policy() != self.poll.rules.voters {
            Some(Refusal::OutdatedIdentity)
        } else if self.ended(now) {
            Some(Refusal::Closed)
        } else if let Some(opens_at) = self.opens_later(now) {
            Some(Refusal::NotOpenYet { opens_at })
        } else if !is_withdrawal && !self.fits(&ballot.choice) {
            Some(Refusal::Invalid(Vec::new()))
        } else if is_withdrawal && !revote {
            Some(Refusal::RevoteNotAllowed)
        } else if is_withdrawal && !has_ballot {
            Some(Refusal::NotVoted)
        } else if has_ballot && !revote {
            Some(Refusal::AlreadyVoted)
        } else if !is_withdrawal && !has_ballot && self.quota_exhausted(ballot.address) {
            Some(Refusal::AddressQuota)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return Outcome::Refused(refusal);
        }
        self.revision += 1;
        let revision = self.revision;
        self.accepted.push(ActiveBallot {
            ballot: Ballot {
                address: None,
                accepted: None,
                ..ballot.clone()
            },
            revision,
            cast_at: now,
        });
        self.addresses.push(ballot.address);
        match (is_withdrawal, has_ballot) {
            (true, _) => Outcome::Withdrawn { revision },
            (false, true) => Outcome::Replaced { revision },
            (false, false) => Outcome::Counted { revision },
        }
    }

    pub(crate) fn change(&mut self, edit: Edit, now: u64) -> Changed {
        if self.ended(at(now)) {
            return Changed::Refused(ChangeRefusal::Closed);
        }
        let mut target = edit.apply(&self.poll, now);
        if target == self.poll {
            return Changed::Unchanged(self.poll.clone(), self.tally());
        }
        if let (false, Some(field)) = (self.accepted.is_empty(), edit.frozen()) {
            return Changed::Refused(ChangeRefusal::HasVotes { field });
        }
        let texts: BTreeSet<_> = target.options.iter().map(|option| &option.text).collect();
        let ends = |poll: &Poll| (poll.opens_at, poll.closes_at);
        let bad_end = ends(&target) != ends(&self.poll)
            && target.closes_at.is_some_and(|end| {
                end <= at(now) || target.opens_at.is_some_and(|start| end <= start)
            });
        if texts.len() < target.options.len() || target.options.len() < 2 || bad_end {
            return Changed::Refused(ChangeRefusal::Invalid(InvalidPoll::default()));
        }
        if !self.accepted.is_empty() && edit.is_text() {
            target.edited_at = Some(at(now));
        }
        target.version += 1;
        self.poll = target;
        self.revision += 1;
        Changed::Done(self.poll.clone(), self.tally())
    }
}
