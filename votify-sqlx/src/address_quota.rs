//! Address quotas: reads how many ballots an address has, in the transaction of a batch.
//! Polls without a quota are neither queried nor stored here.

use std::collections::{BTreeSet, HashMap};

use votify_core::backend::{AddressUsage, PollBatch};
use votify_core::voter::AddressId;
use votify_core::{Ballot, PollId};

use crate::backend::{Call, Transaction};
use crate::decode::{PollRead, poll_id};
use crate::error::Error;
use crate::field::FieldReader;
use crate::row_ext::RowExt;
use crate::row_set::RowSet;
use crate::statement::Statement;

/// Reads the address usage of the locked polls that have a quota. `batches` are in
/// ascending order of their polls.
pub(crate) async fn read<T: Transaction>(
    transaction: &mut T,
    polls: &[PollRead],
    batches: &[PollBatch],
    ballots: &[Ballot],
) -> Result<HashMap<PollId, AddressUsage>, Error> {
    let mut usage = HashMap::new();
    let (mut voters, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for (id, state) in polls {
        let Ok(state) = state else {
            continue;
        };
        let rules = state.poll.rules;
        if rules.address_quota.is_none() {
            continue;
        }
        let index = batches.binary_search_by_key(id, |batch| batch.poll);
        let Some(batch) = index.ok().and_then(|index| batches.get(index)) else {
            continue;
        };
        usage.insert(*id, AddressUsage::default());
        for ballot in batch.ballots(ballots) {
            addresses.extend(ballot.address.map(|address| (*id, address)));
            // Only a withdrawal releases a slot.
            if rules.revote {
                voters.insert((*id, ballot.voter));
            }
        }
    }
    if usage.is_empty() {
        return Ok(usage);
    }
    let voters: Vec<_> = voters.into_iter().collect();
    let addresses: Vec<_> = addresses.into_iter().collect();
    let voters = RowSet::builder(&voters)
        .id(|(poll, _)| poll.as_bytes())
        .id(|(_, voter)| voter.as_bytes())
        .build();
    let addresses = RowSet::builder(&addresses)
        .id(|(poll, _)| poll.as_bytes())
        .id(|(_, address)| address.as_bytes())
        .build();
    let calls = vec![
        Call::Rows(Statement::ReadVoteAddresses, voters),
        Call::Rows(Statement::CountVoteAddresses, addresses),
    ];
    let mut replies = transaction.run(calls).await?.into_iter();
    for row in replies.next().unwrap_or_default().rows {
        let poll = poll_id(&row, 0)?;
        let voter = FieldReader(poll).voter(row.id(1)?)?;
        let address = AddressId::from_bytes(row.id(2)?);
        if let Some(usage) = usage.get_mut(&poll) {
            usage.voters.insert(voter, address);
        }
    }
    for row in replies.next().unwrap_or_default().rows {
        let poll = poll_id(&row, 0)?;
        let count = FieldReader(poll).count("ballots of an address", row.integer(2)?)?;
        if let Some(usage) = usage.get_mut(&poll) {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            usage.used.insert(AddressId::from_bytes(row.id(1)?), count);
        }
    }
    Ok(usage)
}
