use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::ballot::{Ballot, Choice, Outcome, Refusal, StandingBallot};
use crate::conformance::sequence::edit::Edit;
use crate::conformance::store::paper::at;
use crate::id::PollId;
use crate::poll::{BallotKind, ChangeRefusal, InvalidPoll, Poll, PollStatus, SealCause};
use crate::store::{PollFilter, PollOrder};
use crate::tally::{OptionCount, Position, Tally};
use crate::time::Timestamp;
use crate::voter::VoterId;

/// What the store should be like: a log of accepted ballots per poll, from which everything is made anew each time.
///
/// Written from the laws alone: it shares no rule with the library.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    polls: BTreeMap<PollId, Room>,
}

#[derive(Debug, Clone)]
struct Room {
    poll: Poll,
    epoch: u64,
    revision: u64,
    accepted: Vec<StandingBallot>,
}

/// What a change should answer; what is wrong with an invalid one is left open.
#[derive(Debug, PartialEq)]
pub(crate) enum Changed {
    NotFound,
    Refused(ChangeRefusal),
    Unchanged(Poll, Tally),
    Done(Poll, Tally),
}

impl Model {
    /// Whether there was no such poll yet.
    pub(crate) fn create(&mut self, poll: &Poll) -> bool {
        let room = Room {
            poll: poll.clone(),
            epoch: 1,
            revision: 0,
            accepted: Vec::new(),
        };
        if self.polls.contains_key(&poll.id) {
            return false;
        }
        self.polls.insert(poll.id, room).is_none()
    }

    /// Whether there was such a poll.
    pub(crate) fn delete(&mut self, id: PollId) -> bool {
        self.polls.remove(&id).is_some()
    }

    pub(crate) fn poll(&self, id: PollId) -> Option<Poll> {
        Some(self.polls.get(&id)?.poll.clone())
    }

    pub(crate) fn tally(&self, id: PollId) -> Option<Tally> {
        Some(self.polls.get(&id)?.tally())
    }

    pub(crate) fn standing(&self, id: PollId, voter: VoterId) -> Option<StandingBallot> {
        self.polls.get(&id)?.standing(voter)
    }

    /// All standing ballots in the order of their revisions.
    pub(crate) fn ballots(&self, id: PollId) -> Vec<StandingBallot> {
        self.polls
            .get(&id)
            .map(Room::all_standing)
            .unwrap_or_default()
    }

    /// The tallies that a receipt for these ballots has, by poll.
    pub(crate) fn tallies_of(&self, batch: &[Ballot]) -> Vec<Tally> {
        let polls: BTreeSet<_> = batch.iter().map(|ballot| ballot.poll).collect();
        polls.into_iter().filter_map(|id| self.tally(id)).collect()
    }

    pub(crate) fn cast(&mut self, ballot: &Ballot, now: Timestamp) -> Outcome {
        match self.polls.get_mut(&ballot.poll) {
            Some(room) => room.cast(ballot, now),
            None => Outcome::Refused(Refusal::PollNotFound),
        }
    }

    pub(crate) fn change(&mut self, id: PollId, edit: Edit, now: u64) -> Changed {
        match self.polls.get_mut(&id) {
            Some(room) => room.change(edit, now),
            None => Changed::NotFound,
        }
    }

    /// `None`: no such poll. `Some(None)`: not due.
    pub(crate) fn seal(
        &mut self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Option<Option<Tally>> {
        let room = self.polls.get_mut(&id)?;
        if room.poll.sealed_at.is_none() {
            let end = room.poll.closes_at;
            match cause {
                SealCause::Due if end.is_none_or(|end| now < end) => return Some(None),
                SealCause::Due => {}
                SealCause::ByOwner => {
                    room.poll.closes_at = Some(end.unwrap_or(now).min(now));
                }
            }
            room.poll.sealed_at = Some(now);
            room.poll.version += 1;
            room.revision += 1;
        }
        Some(Some(room.tally()))
    }

    pub(crate) fn repair(&mut self, id: PollId) -> Option<Tally> {
        let room = self.polls.get_mut(&id)?;
        room.epoch += 1;
        Some(room.tally())
    }

    /// The polls that a filter lets through, in its order. Knows nothing of heat.
    pub(crate) fn listed(&self, filter: &PollFilter, now: Timestamp) -> Vec<Poll> {
        let passes = |poll: &&Poll| {
            let ended = poll.sealed_at.is_some() || poll.closes_at.is_some_and(|end| now >= end);
            let status = match ended {
                true => PollStatus::Closed,
                false if now >= poll.opens_at => PollStatus::Open,
                false => PollStatus::Scheduled,
            };
            filter.status.is_none_or(|wanted| wanted == status)
                && filter
                    .sealed
                    .is_none_or(|wanted| wanted == poll.sealed_at.is_some())
                && (filter.category.is_none() || filter.category == poll.category)
                && filter.words.iter().all(|word| poll.title.contains(word))
        };
        let mut polls: Vec<Poll> = self
            .polls
            .values()
            .map(|room| &room.poll)
            .filter(passes)
            .cloned()
            .collect();
        polls.sort_by_key(|poll| Reverse(poll.id));
        match filter.order {
            PollOrder::Opening => polls.sort_by_key(|poll| poll.opens_at),
            PollOrder::Closing => {
                polls.sort_by_key(|poll| poll.closes_at.unwrap_or(Timestamp::MAX));
            }
            PollOrder::Newest | PollOrder::Trending => {
                polls.sort_by_key(|poll| Reverse(poll.created_at));
            }
        }
        polls
    }
}

impl Room {
    fn standing(&self, voter: VoterId) -> Option<StandingBallot> {
        let mut own = self
            .accepted
            .iter()
            .rev()
            .filter(|entry| entry.ballot.voter == voter);
        own.next()
            .filter(|last| last.ballot.choice != Choice::withdraw())
            .cloned()
    }

    fn all_standing(&self) -> Vec<StandingBallot> {
        let stands =
            |entry: &&StandingBallot| self.standing(entry.ballot.voter).as_ref() == Some(*entry);
        self.accepted.iter().filter(stands).cloned().collect()
    }

    fn tally(&self) -> Tally {
        let standing = self.all_standing();
        let chose = |option| {
            standing
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
            total_votes: standing.len() as u64,
            counts: counts.collect(),
        }
    }

    fn ended(&self, now: Timestamp) -> bool {
        self.poll.sealed_at.is_some() || self.poll.closes_at.is_some_and(|end| now >= end)
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

    fn cast(&mut self, ballot: &Ballot, now: Timestamp) -> Outcome {
        let mut own = self
            .accepted
            .iter()
            .filter(|entry| entry.ballot.voter == ballot.voter);
        if let Some(first) = own.find(|entry| entry.ballot.id == ballot.id) {
            return match first.ballot.choice == ballot.choice {
                true => Outcome::Replayed {
                    revision: first.revision,
                },
                false => Outcome::Refused(Refusal::BallotIdReused),
            };
        }
        let (stands, revote) = (
            self.standing(ballot.voter).is_some(),
            self.poll.rules.revote,
        );
        let takes_back = ballot.choice == Choice::withdraw();
        let refusal = if ballot.voter.policy() != self.poll.rules.voters {
            Some(Refusal::OtherVoterPolicy)
        } else if self.ended(now) {
            Some(Refusal::Closed)
        } else if now < self.poll.opens_at {
            Some(Refusal::NotOpenYet {
                opens_at: self.poll.opens_at,
            })
        } else if !takes_back && !self.fits(&ballot.choice) {
            Some(Refusal::Invalid(Vec::new()))
        } else if takes_back && !revote {
            Some(Refusal::RevoteNotAllowed)
        } else if takes_back && !stands {
            Some(Refusal::NotVoted)
        } else if stands && !revote {
            Some(Refusal::AlreadyVoted)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return Outcome::Refused(refusal);
        }
        self.revision += 1;
        let revision = self.revision;
        self.accepted.push(StandingBallot {
            ballot: ballot.clone(),
            revision,
            cast_at: now,
        });
        match (takes_back, stands) {
            (true, _) => Outcome::Withdrawn { revision },
            (false, true) => Outcome::Replaced { revision },
            (false, false) => Outcome::Counted { revision },
        }
    }

    fn change(&mut self, edit: Edit, now: u64) -> Changed {
        if self.ended(at(now)) {
            return Changed::Refused(ChangeRefusal::Closed);
        }
        let mut target = edit.carried_out(&self.poll, now);
        if target == self.poll {
            return Changed::Unchanged(self.poll.clone(), self.tally());
        }
        if let (false, Some(field)) = (self.accepted.is_empty(), edit.frozen()) {
            return Changed::Refused(ChangeRefusal::HasVotes { field });
        }
        let texts: BTreeSet<_> = target.options.iter().map(|option| &option.text).collect();
        let ends = |poll: &Poll| (poll.opens_at, poll.closes_at);
        let bad_end = ends(&target) != ends(&self.poll)
            && target
                .closes_at
                .is_some_and(|end| end <= at(now) || end <= target.opens_at);
        if texts.len() < target.options.len() || target.options.len() < 2 || bad_end {
            return Changed::Refused(ChangeRefusal::Invalid(InvalidPoll::default()));
        }
        if !self.accepted.is_empty() && !matches!(edit, Edit::ClosesIn(_)) {
            target.edited_at = Some(at(now));
        }
        target.version += 1;
        self.poll = target;
        self.revision += 1;
        Changed::Done(self.poll.clone(), self.tally())
    }
}
