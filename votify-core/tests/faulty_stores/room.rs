use std::collections::HashMap;

use votify_core::BallotId;
use votify_core::backend::{AddressUsage, AddressUsageChanges, BatchEvaluator};
use votify_core::ballot::{ActiveBallot, Ballot, Outcome, Refusal, VoterHistory};
use votify_core::poll::PollState;
use votify_core::time::Timestamp;
use votify_core::voter::VoterId;

use crate::fault::Fault;

type Histories = HashMap<VoterId, VoterHistory>;

/// One poll with its ballots, and what its faults do on the way from reading to writing.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    pub(crate) state: PollState,
    pub(crate) voters: Histories,
    pub(crate) deleted: bool,
    places: AddressUsage,
    refused: HashMap<(VoterId, BallotId), Refusal>,
}

impl Room {
    pub(crate) fn new(state: PollState) -> Self {
        Self {
            state,
            voters: HashMap::new(),
            deleted: false,
            places: AddressUsage::default(),
            refused: HashMap::new(),
        }
    }

    pub(crate) fn all_standing(&self) -> impl Iterator<Item = &ActiveBallot> {
        self.voters
            .values()
            .filter_map(|history| history.active.as_ref())
    }

    /// Casts under the lock; `early` is the room as it was before the lock was taken.
    pub(crate) fn cast(
        &mut self,
        early: &Self,
        ballots: &[&Ballot],
        now: Timestamp,
        fault: Option<Fault>,
    ) -> Vec<Outcome> {
        if fault == Some(Fault::DecidesTheBatchAtOnce) {
            let histories = self.voters.clone();
            let places = self.places.clone();
            let mut cast =
                |ballot: &&Ballot| self.count(&histories, &places, &[ballot], now, fault);
            return ballots.iter().flat_map(&mut cast).collect();
        }
        let histories = match fault {
            Some(Fault::ReadsBeforeTheLock) => early.voters.clone(),
            Some(Fault::ForgetsSupersededIds) => without_superseded(&self.voters),
            _ => self.voters.clone(),
        };
        let places = match fault {
            Some(Fault::CountsPlacesBeforeTheLock) => early.places.clone(),
            _ => self.places.clone(),
        };
        let known = self.state.poll.clone();
        if fault == Some(Fault::ChecksTheSealBeforeTheLock) {
            self.state.poll = early.state.poll.clone();
        }
        let outcomes = self.count(&histories, &places, ballots, now, fault);
        self.state.poll = known;
        outcomes
    }

    fn count(
        &mut self,
        histories: &Histories,
        places: &AddressUsage,
        ballots: &[&Ballot],
        now: Timestamp,
        fault: Option<Fault>,
    ) -> Vec<Outcome> {
        let counting = BatchEvaluator::new(self.state.clone(), histories.clone(), now);
        let mut counting = counting.with_address_usage(places.clone());
        let mut outcomes = Vec::new();
        for ballot in ballots {
            let key = (ballot.voter, ballot.id);
            let outcome = match self.refused.get(&key) {
                Some(refusal) if fault == Some(Fault::RemembersRefusals) => {
                    Outcome::Refused(refusal.clone())
                }
                _ => counting.cast(ballot),
            };
            if let Outcome::Refused(refusal) = &outcome {
                self.refused.insert(key, refusal.clone());
            }
            outcomes.push(outcome);
        }
        let effects = counting.finish();
        self.state = effects.state;
        self.write_places(effects.address_usage, fault);
        for standing in effects.inserted.into_iter().chain(effects.updated) {
            let history = self.voters.entry(standing.ballot.voter).or_default();
            let old = history.active.replace(standing);
            if let (Some(Fault::KeepsReplacedCounts), Some(old)) = (fault, old) {
                let counts = &mut self.state.tally.counts;
                for chosen in old.ballot.choice.options() {
                    let mut kept = counts.iter_mut().filter(|entry| entry.option == *chosen);
                    kept.by_ref().for_each(|entry| entry.count += 1);
                }
            }
        }
        for voter in effects.removed {
            self.voters.entry(voter).or_default().active = None;
            if fault == Some(Fault::GivesRevisionsBack) {
                self.state.tally.position.revision -= 1;
            }
        }
        for old in effects.superseded {
            let history = self.voters.entry(old.voter).or_default();
            history.superseded.push(old);
        }
        outcomes
    }
}

impl Room {
    fn write_places(&mut self, changes: AddressUsageChanges, fault: Option<Fault>) {
        for voter in changes.released {
            self.places.voters.remove(&voter);
        }
        self.places.voters.extend(changes.added);
        for (address, taken) in changes.counts {
            let kept = self.places.used.entry(address).or_default();
            *kept = match fault {
                Some(Fault::KeepsFreedPlaces) => taken.max(*kept),
                _ => taken,
            };
        }
    }
}

fn without_superseded(histories: &Histories) -> Histories {
    let mut histories = histories.clone();
    for history in histories.values_mut() {
        history.superseded.clear();
    }
    histories
}
