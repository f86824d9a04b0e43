use std::collections::HashMap;

use votify_core::backend::{AddressUsage, AddressUsageChanges, BatchEvaluator};
use votify_core::ballot::{Accepted, ActiveBallot, Ballot, Outcome, Refusal, VoterHistory};
use votify_core::poll::PollState;
use votify_core::time::Timestamp;
use votify_core::voter::VoterId;
use votify_core::{BallotId, Visibility};

use super::fault::Fault;
use super::listing::{Listed, is_scheduled_by_clock};

type Histories = HashMap<VoterId, VoterHistory>;

/// A poll with its ballots, which applies the faults between reading and writing.
#[derive(Debug, Clone)]
pub(crate) struct FaultyPoll {
    pub(crate) state: PollState,
    pub(crate) voters: Histories,
    pub(crate) deleted: bool,
    first_title: String,
    usage: AddressUsage,
    refused: HashMap<(VoterId, BallotId), Refusal>,
}

impl FaultyPoll {
    pub(crate) fn new(state: PollState) -> Self {
        Self {
            first_title: state.poll.title.clone(),
            state,
            voters: HashMap::new(),
            deleted: false,
            usage: AddressUsage::default(),
            refused: HashMap::new(),
        }
    }

    pub(crate) fn listed(&self) -> Listed {
        Listed {
            state: self.state.clone(),
            first_title: self.first_title.clone(),
        }
    }

    pub(crate) fn active_ballots(&self) -> impl Iterator<Item = &ActiveBallot> {
        self.voters
            .values()
            .filter_map(|history| history.active.as_ref())
    }

    /// Casts ballots under the lock. `unlocked` is the poll as read before locking.
    pub(crate) fn cast(
        &mut self,
        unlocked: &Self,
        ballots: &[&Ballot],
        now: Timestamp,
        fault: Option<Fault>,
    ) -> Vec<Outcome> {
        if fault == Some(Fault::IndependentBallots) {
            let histories = self.voters.clone();
            let usage = self.usage.clone();
            let mut cast =
                |ballot: &&Ballot| self.evaluate(&histories, &usage, &[ballot], now, fault);
            return ballots.iter().flat_map(&mut cast).collect();
        }
        let histories = match fault {
            Some(Fault::UnlockedHistoryRead) => unlocked.voters.clone(),
            Some(Fault::NoSupersededIds) => without_superseded(&self.voters, &[]),
            Some(Fault::ForgottenVoters) => without_superseded(&self.voters, ballots),
            _ => self.voters.clone(),
        };
        let usage = match fault {
            Some(Fault::UnlockedUsageRead) => unlocked.usage.clone(),
            _ => self.usage.clone(),
        };
        let locked = self.state.poll.clone();
        if fault == Some(Fault::UnlockedSealCheck) {
            self.state.poll = unlocked.state.poll.clone();
        }
        if fault == Some(Fault::UnlistedPollsScore) {
            self.state.poll.visibility = Visibility::Public;
        }
        let before = self.state.tally.position;
        let log_position = self.state.log_position;
        if fault == Some(Fault::UnlockedLogPosition) {
            self.state.log_position = unlocked.state.log_position;
        }
        let outcomes = self.evaluate(&histories, &usage, ballots, now, fault);
        self.state.poll = locked;
        match fault {
            Some(Fault::ForgottenLogPosition) => self.state.log_position = 0,
            Some(Fault::LogPositionOfVotesOnly) if self.state.tally.position == before => {
                self.state.log_position = log_position;
            }
            _ => {}
        }
        outcomes
    }

    fn evaluate(
        &mut self,
        histories: &Histories,
        usage: &AddressUsage,
        ballots: &[&Ballot],
        now: Timestamp,
        fault: Option<Fault>,
    ) -> Vec<Outcome> {
        let evaluator = BatchEvaluator::new(self.state.clone(), histories.clone(), now);
        let mut evaluator = evaluator.with_address_usage(usage.clone());
        let is_scheduled = is_scheduled_by_clock(&self.state, now);
        let mut outcomes = Vec::new();
        for ballot in ballots {
            let key = (ballot.voter, ballot.id);
            let outcome = match self.refused.get(&key) {
                Some(refusal) if fault == Some(Fault::RecordedRefusals) => {
                    Outcome::Refused(refusal.clone())
                }
                _ if fault == Some(Fault::ClockReschedulesPolls) && is_scheduled => {
                    let opens_at = self.state.poll.opening_time();
                    Outcome::Refused(Refusal::NotOpenYet { opens_at })
                }
                _ if fault == Some(Fault::DecidesAtItsClock) => {
                    let accepted = ballot.accepted.map(|accepted| Accepted {
                        at: now,
                        ..accepted
                    });
                    evaluator.cast(&Ballot {
                        accepted,
                        ..(*ballot).clone()
                    })
                }
                _ => evaluator.cast(ballot),
            };
            if let Outcome::Refused(refusal) = &outcome {
                self.refused.insert(key, refusal.clone());
            }
            outcomes.push(outcome);
        }
        let writes = evaluator.finish();
        self.state = writes.state;
        self.write_usage(writes.address_usage, fault);
        for active in writes.inserted.into_iter().chain(writes.updated) {
            let history = self.voters.entry(active.ballot.voter).or_default();
            let old = history.active.replace(active);
            if let (Some(Fault::ReplacedBallotCounted), Some(old)) = (fault, old) {
                let counts = &mut self.state.tally.counts;
                for chosen in old.ballot.choice.options() {
                    let entries = counts.iter_mut().filter(|entry| entry.option == *chosen);
                    entries.for_each(|entry| entry.count += 1);
                }
            }
        }
        for voter in writes.removed {
            self.voters.entry(voter).or_default().active = None;
            if fault == Some(Fault::ReusedRevision) {
                self.state.tally.position.revision -= 1;
            }
        }
        for old in writes.superseded {
            let history = self.voters.entry(old.voter).or_default();
            history.superseded.push(old);
        }
        outcomes
    }

    fn write_usage(&mut self, changes: AddressUsageChanges, fault: Option<Fault>) {
        for voter in changes.released {
            self.usage.voters.remove(&voter);
        }
        self.usage.voters.extend(changes.added);
        for (address, used) in changes.counts {
            let stored = self.usage.used.entry(address).or_default();
            *stored = match fault {
                Some(Fault::UnreleasedSlots) => used.max(*stored),
                _ => used,
            };
        }
    }
}

/// Returns the histories with the superseded ballots that are in `kept`.
fn without_superseded(histories: &Histories, kept: &[&Ballot]) -> Histories {
    let mut histories = histories.clone();
    let is_kept = |id: BallotId| kept.iter().any(|ballot| ballot.id == id);
    for history in histories.values_mut() {
        history.superseded.retain(|old| is_kept(old.id));
    }
    histories
}
