use redb::{ReadableTable, WriteTransaction};
use votify_core::backend::{AddressUsage, AddressUsageChanges};
use votify_core::voter::AddressId;
use votify_core::{Ballot, PollId, StoreError};

use crate::rows::{ADDRESSES, PLACES, failure};

/// Where the ballots of a batch's voters stand, and how many stand there and where the batch comes from.
pub(super) fn read(
    transaction: &WriteTransaction,
    ballots: &[Ballot],
) -> Result<AddressUsage, StoreError> {
    let voters = transaction.open_table(PLACES).map_err(failure)?;
    let addresses = transaction.open_table(ADDRESSES).map_err(failure)?;
    let mut places = AddressUsage::default();
    for ballot in ballots {
        let poll = *ballot.poll.as_bytes();
        let place = voters.get((poll, *ballot.voter.as_bytes()));
        let place = place.map_err(failure)?.map(|row| row.value());
        let place = place.map(AddressId::from_bytes);
        places
            .voters
            .extend(place.map(|address| (ballot.voter, address)));
        for address in place.into_iter().chain(ballot.address) {
            let taken = addresses.get((poll, *address.as_bytes()));
            let taken = taken.map_err(failure)?.map(|row| row.value());
            places.used.extend(taken.map(|taken| (address, taken)));
        }
    }
    Ok(places)
}

pub(super) fn write(
    transaction: &WriteTransaction,
    poll: PollId,
    changes: &AddressUsageChanges,
) -> Result<(), StoreError> {
    let poll = *poll.as_bytes();
    let mut voters = transaction.open_table(PLACES).map_err(failure)?;
    for voter in &changes.released {
        voters.remove((poll, *voter.as_bytes())).map_err(failure)?;
    }
    for (voter, address) in &changes.added {
        voters
            .insert((poll, *voter.as_bytes()), *address.as_bytes())
            .map_err(failure)?;
    }
    let mut addresses = transaction.open_table(ADDRESSES).map_err(failure)?;
    for (address, taken) in &changes.counts {
        addresses
            .insert((poll, *address.as_bytes()), *taken)
            .map_err(failure)?;
    }
    Ok(())
}

/// Forgets the places of a deleted poll.
pub(super) fn delete(transaction: &WriteTransaction, poll: PollId) -> Result<(), StoreError> {
    let poll = *poll.as_bytes();
    let all = (poll, [0; 16])..=(poll, [0xFF; 16]);
    let mut voters = transaction.open_table(PLACES).map_err(failure)?;
    voters
        .retain_in(all.clone(), |_, _| false)
        .map_err(failure)?;
    let mut addresses = transaction.open_table(ADDRESSES).map_err(failure)?;
    addresses.retain_in(all, |_, _| false).map_err(failure)
}
