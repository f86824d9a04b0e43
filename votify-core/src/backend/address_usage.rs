use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::voter::{AddressId, VoterId};

/// From where the standing ballots of a poll with an [`AddressQuota`](crate::poll::AddressQuota) came, as far as a batch has to
/// know: read under the poll's lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressUsage {
    /// Of the batch's voters, where the ballot that stands was counted first; who has none is left out.
    pub voters: HashMap<VoterId, AddressId>,
    /// How many ballots stand at an address; one that is not here has none. Wanted are the addresses of the batch's ballots,
    /// and where a store keeps these numbers those in [`voters`](Self::voters) too.
    pub used: HashMap<AddressId, u32>,
}

/// What a batch did to the places of one poll, to be written with its ballots: first what was freed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressUsageChanges {
    /// Voters whose ballot stands no more where it did, ascending.
    pub released: Vec<VoterId>,
    /// Where voters' ballots stand now, ascending by voter.
    pub added: Vec<(VoterId, AddressId)>,
    /// How many ballots stand at the addresses for which that changed, ascending: for stores that keep these numbers.
    pub counts: Vec<(AddressId, u32)>,
}

impl AddressUsageChanges {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.released.is_empty() && self.added.is_empty() && self.counts.is_empty()
    }
}

/// The places of one poll while a batch is being counted.
#[derive(Debug, Default)]
pub(super) struct AddressCounter {
    now: AddressUsage,
    /// Where the voters stood before of whom that was touched.
    before: BTreeMap<VoterId, Option<AddressId>>,
    touched: BTreeSet<AddressId>,
}

impl AddressCounter {
    pub(super) fn new(places: AddressUsage) -> Self {
        Self {
            now: places,
            ..Self::default()
        }
    }

    /// How many ballots stand there.
    pub(super) fn taken(&self, address: Option<AddressId>) -> u32 {
        let taken = address.and_then(|address| self.now.used.get(&address));
        taken.copied().unwrap_or(0)
    }

    /// A voter who stood nowhere stands here.
    pub(super) fn take(&mut self, voter: VoterId, address: AddressId) {
        self.before.entry(voter).or_insert(None);
        self.now.voters.insert(voter, address);
        let taken = self.now.used.entry(address).or_default();
        *taken = taken.saturating_add(1);
        self.touched.insert(address);
    }

    /// A voter stands nowhere any more.
    pub(super) fn free(&mut self, voter: VoterId) {
        let Some(address) = self.now.voters.remove(&voter) else {
            return;
        };
        self.before.entry(voter).or_insert(Some(address));
        let taken = self.now.used.entry(address).or_default();
        *taken = taken.saturating_sub(1);
        self.touched.insert(address);
    }

    pub(super) fn finish(self) -> AddressUsageChanges {
        let mut changes = AddressUsageChanges::default();
        for (voter, before) in self.before {
            let now = self.now.voters.get(&voter).copied();
            if now == before {
                continue;
            }
            if before.is_some() {
                changes.released.push(voter);
            }
            changes.added.extend(now.map(|address| (voter, address)));
        }
        let count = |address| (address, self.now.used.get(&address).copied().unwrap_or(0));
        changes.counts = self.touched.into_iter().map(count).collect();
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voter::VoterPolicy;

    const HOME: AddressId = AddressId::from_bytes([1; 16]);
    const WORK: AddressId = AddressId::from_bytes([2; 16]);

    fn voter(n: u8) -> VoterId {
        VoterId::new(VoterPolicy::Browser, [n; 15])
    }

    #[test]
    fn only_what_is_different_in_the_end_is_written() {
        let mut seating = AddressCounter::new(AddressUsage {
            voters: [(voter(1), HOME), (voter(2), HOME)].into(),
            used: [(HOME, 2)].into(),
        });
        seating.free(voter(1));
        seating.take(voter(1), WORK);
        seating.free(voter(2));
        seating.take(voter(2), HOME);
        seating.take(voter(3), WORK);
        seating.free(voter(3));
        assert_eq!(
            (seating.taken(Some(HOME)), seating.taken(Some(WORK))),
            (1, 1)
        );
        assert_eq!(seating.taken(None), 0);
        let changes = seating.finish();
        assert_eq!(changes.released, [voter(1)]);
        assert_eq!(changes.added, [(voter(1), WORK)]);
        assert_eq!(changes.counts, [(HOME, 1), (WORK, 1)]);
    }
}
