//! Slots of address quotas. Only polls with a quota have rows in these tables.

use redb::{ReadableTable, WriteTransaction};
use votify_core::backend::{AddressUsage, AddressUsageChanges};
use votify_core::voter::AddressId;
use votify_core::{Ballot, PollId, StoreError};

use crate::rows::{ADDRESS_COUNTS, VOTE_ADDRESSES, store_error};

/// Returns the addresses of the voters' active ballots, and the number of active ballots
/// of every address that the batch affects.
pub(super) fn read(
    transaction: &WriteTransaction,
    ballots: &[Ballot],
) -> Result<AddressUsage, StoreError> {
    let voters = transaction
        .open_table(VOTE_ADDRESSES)
        .map_err(store_error)?;
    let counts = transaction
        .open_table(ADDRESS_COUNTS)
        .map_err(store_error)?;
    let mut usage = AddressUsage::default();
    for ballot in ballots {
        let poll = *ballot.poll.as_bytes();
        let row = voters.get((poll, *ballot.voter.as_bytes()));
        let previous = row.map_err(store_error)?.map(|row| row.value());
        let previous = previous.map(AddressId::from_bytes);
        usage
            .voters
            .extend(previous.map(|address| (ballot.voter, address)));
        for address in previous.into_iter().chain(ballot.address) {
            let row = counts.get((poll, *address.as_bytes()));
            let used = row.map_err(store_error)?.map(|row| row.value());
            usage.used.extend(used.map(|used| (address, used)));
        }
    }
    Ok(usage)
}

pub(super) fn write(
    transaction: &WriteTransaction,
    poll: PollId,
    changes: &AddressUsageChanges,
) -> Result<(), StoreError> {
    let poll = *poll.as_bytes();
    let mut voters = transaction
        .open_table(VOTE_ADDRESSES)
        .map_err(store_error)?;
    for voter in &changes.released {
        voters
            .remove((poll, *voter.as_bytes()))
            .map_err(store_error)?;
    }
    for (voter, address) in &changes.added {
        voters
            .insert((poll, *voter.as_bytes()), *address.as_bytes())
            .map_err(store_error)?;
    }
    let mut counts = transaction
        .open_table(ADDRESS_COUNTS)
        .map_err(store_error)?;
    for (address, used) in &changes.counts {
        counts
            .insert((poll, *address.as_bytes()), *used)
            .map_err(store_error)?;
    }
    Ok(())
}

/// Removes the rows of a deleted poll.
pub(super) fn delete(transaction: &WriteTransaction, poll: PollId) -> Result<(), StoreError> {
    let poll = *poll.as_bytes();
    let all = (poll, [0; 16])..=(poll, [0xFF; 16]);
    let mut voters = transaction
        .open_table(VOTE_ADDRESSES)
        .map_err(store_error)?;
    voters
        .retain_in(all.clone(), |_, _| false)
        .map_err(store_error)?;
    let mut counts = transaction
        .open_table(ADDRESS_COUNTS)
        .map_err(store_error)?;
    counts.retain_in(all, |_, _| false).map_err(store_error)
}
