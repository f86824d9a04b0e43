//! From where ballots stand in polls with a quota for each address, the same on every database: read and written in the
//! transaction of their batch, under the polls' locks. Of other polls nothing is asked and nothing kept.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use votify_core::backend::{AddressUsage, PollBatch};
use votify_core::voter::AddressId;
use votify_core::{Ballot, PollId, VoterId};

use crate::columns::Columns;
use crate::dialect::{Locked, Work};
use crate::error::Error;
use crate::field::Fields;
use crate::writes::{Counted, all_met};

const TABLE: &str = "votify_places";

/// What a database supplies for them within an open transaction.
#[async_trait]
pub(crate) trait PlaceWork {
    /// From where ballots of these voters stand, in no particular order.
    async fn places_of(
        &mut self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<(VoterId, AddressId)>, Error>;

    /// How many ballots stand from each of these different addresses, in no particular order; where none does may be left out.
    async fn taken(
        &mut self,
        poll: PollId,
        addresses: &[AddressId],
    ) -> Result<Vec<(AddressId, u32)>, Error>;

    /// Deletes the rows of these voters; how many were there.
    async fn free_places(&mut self, poll: PollId, voters: &[VoterId]) -> Result<u64, Error>;

    /// Keeps these rows; how many were kept. Fails on a voter who has one.
    async fn take_places(
        &mut self,
        poll: PollId,
        places: &[(VoterId, AddressId)],
    ) -> Result<u64, Error>;
}

/// What the batch has to know of those of its locked polls that have a quota.
pub(crate) async fn read<W: Work>(
    work: &mut W,
    polls: &[Locked],
    parts: &[PollBatch],
    batch: &[Ballot],
) -> Result<HashMap<PollId, AddressUsage>, Error> {
    let mut found = HashMap::new();
    for (id, state) in polls {
        let Ok(rules) = state.as_ref().map(|state| state.poll.rules) else {
            continue;
        };
        let part = parts.iter().find(|part| part.poll == *id);
        let (Some(_), Some(part)) = (rules.address_quota, part) else {
            continue;
        };
        let mut places = AddressUsage::default();
        if rules.revote {
            let voters: BTreeSet<_> = part.ballots(batch).map(|ballot| ballot.voter).collect();
            let voters: Vec<_> = voters.into_iter().collect();
            places.voters = work.places_of(*id, &voters).await?.into_iter().collect();
        }
        let addresses = part.ballots(batch).filter_map(|ballot| ballot.address);
        let addresses: BTreeSet<_> = addresses.collect();
        let addresses: Vec<_> = addresses.into_iter().collect();
        places.used = work.taken(*id, &addresses).await?.into_iter().collect();
        found.insert(*id, places);
    }
    Ok(found)
}

/// Writes what counting did to them.
pub(crate) async fn write<W: Work>(work: &mut W, counted: &[Counted]) -> Result<(), Error> {
    for one in counted {
        let (poll, changes) = (one.effects.state.poll.id, &one.effects.address_usage);
        if !changes.released.is_empty() {
            let freed = work.free_places(poll, &changes.released).await?;
            all_met(TABLE, changes.released.len(), freed)?;
        }
        if !changes.added.is_empty() {
            let taken = work.take_places(poll, &changes.added).await?;
            all_met(TABLE, changes.added.len(), taken)?;
        }
    }
    Ok(())
}

/// Reads voters and addresses.
pub(crate) fn places(
    poll: PollId,
    rows: &[impl Columns],
) -> Result<Vec<(VoterId, AddressId)>, Error> {
    let place = |row: &_| {
        let voter = Fields(poll).voter(&Columns::id(row, 0)?)?;
        Ok((voter, AddressId::from_bytes(Columns::id(row, 1)?)))
    };
    rows.iter().map(place).collect()
}

/// Reads addresses and how many ballots stand there.
pub(crate) fn numbers(poll: PollId, rows: &[impl Columns]) -> Result<Vec<(AddressId, u32)>, Error> {
    let number = |row: &_| {
        let taken = Fields(poll).count("the ballots of an address", Columns::integer(row, 1)?)?;
        let address = AddressId::from_bytes(Columns::id(row, 0)?);
        Ok((address, u32::try_from(taken).unwrap_or(u32::MAX)))
    };
    rows.iter().map(number).collect()
}
