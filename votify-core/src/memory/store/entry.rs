use std::collections::{HashMap, HashSet};

use crate::backend::{AddressUsage, AddressUsageChanges, BatchEvaluator, WriteSet};
use crate::ballot::{ActiveBallot, Ballot, Outcome, VoterHistory};
use crate::id::PollId;
use crate::poll::PollState;
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::voter::VoterId;

/// How many ballots a stream takes under the lock at once.
const PAGE: usize = 1000;

/// One poll with its ballots, behind its lock.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) state: PollState,
    /// Who was invited.
    pub(super) invited: HashSet<VoterId>,
    voters: HashMap<VoterId, VoterHistory>,
    /// From where ballots stand, if there is a quota for each address.
    places: AddressUsage,
    deleted: bool,
}

impl Entry {
    pub(super) fn new(state: PollState) -> Self {
        Self {
            state,
            invited: HashSet::new(),
            voters: HashMap::new(),
            places: AddressUsage::default(),
            deleted: false,
        }
    }

    pub(super) fn delete(&mut self) {
        self.deleted = true;
        self.voters = HashMap::new();
        self.places = AddressUsage::default();
        self.invited = HashSet::new();
    }

    pub(super) const fn is_deleted(&self) -> bool {
        self.deleted
    }

    pub(super) fn check_present(&self, id: PollId) -> Result<(), StoreError> {
        if self.deleted {
            Err(StoreError::PollNotFound(id))
        } else {
            Ok(())
        }
    }

    pub(super) fn standing(&self, voter: VoterId) -> Option<&ActiveBallot> {
        self.voters.get(&voter)?.active.as_ref()
    }

    pub(super) fn all_standing(&self) -> impl Iterator<Item = &ActiveBallot> {
        self.voters
            .values()
            .filter_map(|history| history.active.as_ref())
    }

    /// The next page of standing ballots above one revision and not above another, and the last revision on it.
    pub(super) fn standing_between(
        &self,
        after: u64,
        until: u64,
    ) -> (Vec<ActiveBallot>, Option<u64>) {
        let mut page: Vec<_> = self
            .all_standing()
            .filter(|standing| standing.revision > after && standing.revision <= until)
            .collect();
        page.sort_unstable_by_key(|standing| standing.revision);
        page.truncate(PAGE);
        let last = page.last().map(|standing| standing.revision);
        (page.into_iter().cloned().collect(), last)
    }

    pub(super) fn cast<'a>(
        &mut self,
        ballots: impl Iterator<Item = &'a Ballot> + Clone,
        now: Timestamp,
    ) -> Vec<Outcome> {
        let known = |ballot: &Ballot| {
            self.voters
                .get(&ballot.voter)
                .map(|history| (ballot.voter, history.clone()))
        };
        let histories = ballots.clone().filter_map(known).collect();
        let places = self.places_of(ballots.clone());
        let mut counting =
            BatchEvaluator::new(self.state.clone(), histories, now).with_address_usage(places);
        let outcomes = ballots.map(|ballot| counting.cast(ballot)).collect();
        self.write(counting.finish());
        outcomes
    }

    fn places_of<'a>(&self, ballots: impl Iterator<Item = &'a Ballot>) -> AddressUsage {
        let mut places = AddressUsage::default();
        for ballot in ballots {
            let stands_at = self.places.voters.get(&ballot.voter).copied();
            places
                .voters
                .extend(stands_at.map(|address| (ballot.voter, address)));
            for address in stands_at.into_iter().chain(ballot.address) {
                let taken = self.places.used.get(&address);
                places.used.extend(taken.map(|taken| (address, *taken)));
            }
        }
        places
    }

    fn write_places(&mut self, changes: AddressUsageChanges) {
        for voter in changes.released {
            self.places.voters.remove(&voter);
        }
        self.places.voters.extend(changes.added);
        for (address, taken) in changes.counts {
            if taken == 0 {
                self.places.used.remove(&address);
            } else {
                self.places.used.insert(address, taken);
            }
        }
    }

    fn write(&mut self, effects: WriteSet) {
        self.write_places(effects.address_usage);
        self.state = effects.state;
        for standing in effects.inserted.into_iter().chain(effects.updated) {
            let voter = standing.ballot.voter;
            self.voters.entry(voter).or_default().active = Some(standing);
        }
        for voter in effects.removed {
            self.voters.entry(voter).or_default().active = None;
        }
        for old in effects.superseded {
            self.voters
                .entry(old.voter)
                .or_default()
                .superseded
                .push(old);
        }
    }
}
