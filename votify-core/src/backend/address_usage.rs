use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::voter::{AddressId, VoterId};

/// The addresses of a poll's active ballots, as far as a batch needs them.
///
/// Only for polls with an [`AddressQuota`](crate::poll::AddressQuota). A store reads it
/// under the poll's lock, or writes only if the poll is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressUsage {
    /// For the batch's voters with an active ballot: the address it was first counted
    /// from.
    pub voters: HashMap<VoterId, AddressId>,
    /// The number of active ballots per address; a missing address has none. Must cover
    /// the addresses of the batch's ballots. If the store persists these numbers, it must
    /// also cover the addresses in [`voters`](Self::voters).
    pub used: HashMap<AddressId, u32>,
}

/// The effect of a batch on the [`AddressUsage`] of one poll, to be written with its
/// ballots.
///
/// A store applies [`released`](Self::released) before [`added`](Self::added).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressUsageChanges {
    /// Voters who released the quota slot of their address, ascending.
    pub released: Vec<VoterId>,
    /// Voters who use a quota slot of an address now, ascending by voter.
    pub added: Vec<(VoterId, AddressId)>,
    /// The new number of active ballots per touched address, ascending. Only for stores
    /// that persist these numbers.
    pub counts: Vec<(AddressId, u32)>,
}

impl AddressUsageChanges {
    /// Returns true if there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.released.is_empty() && self.added.is_empty() && self.counts.is_empty()
    }
}

/// Tracks the address usage of one poll while a batch is evaluated.
#[derive(Debug, Default)]
pub(super) struct AddressCounter {
    current: AddressUsage,
    /// The address that each touched voter had before the batch.
    before: BTreeMap<VoterId, Option<AddressId>>,
    touched: BTreeSet<AddressId>,
}

impl AddressCounter {
    pub(super) fn new(usage: AddressUsage) -> Self {
        Self {
            current: usage,
            ..Self::default()
        }
    }

    /// Returns the number of active ballots at `address`.
    pub(super) fn used(&self, address: Option<AddressId>) -> u32 {
        let used = address.and_then(|address| self.current.used.get(&address));
        used.copied().unwrap_or(0)
    }

    /// Adds the first ballot of `voter` at `address`.
    pub(super) fn add(&mut self, voter: VoterId, address: AddressId) {
        self.before.entry(voter).or_insert(None);
        self.current.voters.insert(voter, address);
        let used = self.current.used.entry(address).or_default();
        *used = used.saturating_add(1);
        self.touched.insert(address);
    }

    /// Releases the quota slot of `voter`, who withdrew the ballot.
    pub(super) fn release(&mut self, voter: VoterId) {
        let Some(address) = self.current.voters.remove(&voter) else {
            return;
        };
        self.before.entry(voter).or_insert(Some(address));
        let used = self.current.used.entry(address).or_default();
        *used = used.saturating_sub(1);
        self.touched.insert(address);
    }

    pub(super) fn finish(self) -> AddressUsageChanges {
        let mut changes = AddressUsageChanges::default();
        for (voter, before) in self.before {
            let after = self.current.voters.get(&voter).copied();
            if after == before {
                continue;
            }
            if before.is_some() {
                changes.released.push(voter);
            }
            changes.added.extend(after.map(|address| (voter, address)));
        }
        let count = |address| {
            (
                address,
                self.current.used.get(&address).copied().unwrap_or(0),
            )
        };
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
    fn only_net_changes_are_written() {
        let mut counter = AddressCounter::new(AddressUsage {
            voters: [(voter(1), HOME), (voter(2), HOME)].into(),
            used: [(HOME, 2)].into(),
        });
        counter.release(voter(1));
        counter.add(voter(1), WORK);
        counter.release(voter(2));
        counter.add(voter(2), HOME);
        counter.add(voter(3), WORK);
        counter.release(voter(3));
        assert_eq!((counter.used(Some(HOME)), counter.used(Some(WORK))), (1, 1));
        assert_eq!(counter.used(None), 0);
        let changes = counter.finish();
        assert_eq!(changes.released, [voter(1)]);
        assert_eq!(changes.added, [(voter(1), WORK)]);
        assert_eq!(changes.counts, [(HOME, 1), (WORK, 1)]);
    }
}
