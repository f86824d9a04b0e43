use std::collections::{HashMap, HashSet};

use crate::backend::{AddressUsage, AddressUsageChanges, BatchEvaluator, WriteSet};
use crate::ballot::{ActiveBallot, Ballot, Outcome, VoterHistory};
use crate::id::{BallotId, PollId};
use crate::poll::PollState;
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::voter::VoterId;

/// The number of ballots that a stream copies per lock.
const PAGE: usize = 1000;

/// One poll with its ballots, behind its lock.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) state: PollState,
    pub(super) invited: HashSet<VoterId>,
    voters: HashMap<VoterId, VoterHistory>,
    /// The addresses of the active ballots, if the poll has an address quota.
    address_usage: AddressUsage,
    deleted: bool,
}

impl Entry {
    pub(super) fn new(state: PollState) -> Self {
        Self {
            state,
            invited: HashSet::new(),
            voters: HashMap::new(),
            address_usage: AddressUsage::default(),
            deleted: false,
        }
    }

    pub(super) fn delete(&mut self) {
        self.deleted = true;
        self.voters = HashMap::new();
        self.address_usage = AddressUsage::default();
        self.invited = HashSet::new();
    }

    pub(super) const fn is_deleted(&self) -> bool {
        self.deleted
    }

    pub(super) fn ensure_exists(&self, id: PollId) -> Result<(), StoreError> {
        if self.deleted {
            Err(StoreError::PollNotFound(id))
        } else {
            Ok(())
        }
    }

    pub(super) fn active_ballot(&self, voter: VoterId) -> Option<&ActiveBallot> {
        self.voters.get(&voter)?.active.as_ref()
    }

    pub(super) fn has_accepted(&self, voter: VoterId, ballot: BallotId) -> bool {
        let history = self.voters.get(&voter);
        history.is_some_and(|history| history.has_accepted(ballot))
    }

    pub(super) fn active_ballots(&self) -> impl Iterator<Item = &ActiveBallot> {
        self.voters
            .values()
            .filter_map(|history| history.active.as_ref())
    }

    /// Returns a page of the active ballots with revisions in `after + 1 ..= until`, and
    /// its last revision.
    pub(super) fn active_between(
        &self,
        after: u64,
        until: u64,
    ) -> (Vec<ActiveBallot>, Option<u64>) {
        let mut page: Vec<_> = self
            .active_ballots()
            .filter(|active| active.revision > after && active.revision <= until)
            .collect();
        page.sort_unstable_by_key(|active| active.revision);
        page.truncate(PAGE);
        let last = page.last().map(|active| active.revision);
        (page.into_iter().cloned().collect(), last)
    }

    pub(super) fn cast<'a>(
        &mut self,
        ballots: impl Iterator<Item = &'a Ballot> + Clone,
        now: Timestamp,
    ) -> Vec<Outcome> {
        let history = |ballot: &Ballot| {
            self.voters
                .get(&ballot.voter)
                .map(|history| (ballot.voter, history.clone()))
        };
        let histories = ballots.clone().filter_map(history).collect();
        let usage = self.usage_for(ballots.clone());
        let mut evaluator =
            BatchEvaluator::new(self.state.clone(), histories, now).with_address_usage(usage);
        let outcomes = ballots.map(|ballot| evaluator.cast(ballot)).collect();
        self.write(evaluator.finish());
        outcomes
    }

    /// Returns the part of the address usage that concerns the batch's voters and
    /// addresses.
    fn usage_for<'a>(&self, ballots: impl Iterator<Item = &'a Ballot>) -> AddressUsage {
        let mut usage = AddressUsage::default();
        for ballot in ballots {
            let current = self.address_usage.voters.get(&ballot.voter).copied();
            usage
                .voters
                .extend(current.map(|address| (ballot.voter, address)));
            for address in current.into_iter().chain(ballot.address) {
                let used = self.address_usage.used.get(&address);
                usage.used.extend(used.map(|used| (address, *used)));
            }
        }
        usage
    }

    fn write_address_usage(&mut self, changes: AddressUsageChanges) {
        let usage = &mut self.address_usage;
        for voter in changes.released {
            usage.voters.remove(&voter);
        }
        usage.voters.extend(changes.added);
        for (address, used) in changes.counts {
            if used == 0 {
                usage.used.remove(&address);
            } else {
                usage.used.insert(address, used);
            }
        }
    }

    fn write(&mut self, write_set: WriteSet) {
        self.write_address_usage(write_set.address_usage);
        self.state = write_set.state;
        for active in write_set.inserted.into_iter().chain(write_set.updated) {
            let voter = active.ballot.voter;
            self.voters.entry(voter).or_default().active = Some(active);
        }
        for voter in write_set.removed {
            self.voters.entry(voter).or_default().active = None;
        }
        for old in write_set.superseded {
            self.voters
                .entry(old.voter)
                .or_default()
                .superseded
                .push(old);
        }
    }
}
