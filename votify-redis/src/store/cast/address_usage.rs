use redis::Value;
use votify_core::backend::AddressUsage;
use votify_core::voter::AddressId;
use votify_core::{Ballot, VoterId};

use crate::store::RedisStore;
use crate::store::error::{Corrupt, Error};
use crate::store::keys::{ID_BYTES, Keys};
use crate::store::poll_read::{CurrentPoll, indexed_rows, list};
use crate::store::scripts::ADDRESS_USAGE;

/// Reads the address usage that the evaluation of these ballots needs.
///
/// Returns `None` if the poll changed after it was read.
pub(super) async fn read(
    store: &RedisStore,
    keys: &Keys<'_>,
    current: &CurrentPoll,
    ballots: &[&Ballot],
) -> Result<Option<AddressUsage>, Error> {
    let poll = &current.stored.state.poll;
    let corrupt = || Error::from(Corrupt::of(poll.id, "the address usage"));
    // Without revote, no vote is replaced or withdrawn, so no usage is ever released.
    let releasable: &[&Ballot] = if poll.rules.revote { ballots } else { &[] };
    let voters: Vec<VoterId> = releasable.iter().map(|ballot| ballot.voter).collect();
    let mut addresses: Vec<AddressId> =
        ballots.iter().filter_map(|ballot| ballot.address).collect();
    let packed = |ids: &mut dyn Iterator<Item = [u8; ID_BYTES]>| ids.flatten().collect::<Vec<u8>>();
    let packed_voters = packed(&mut voters.iter().map(|voter| *voter.as_bytes()));
    let packed_addresses = packed(&mut addresses.iter().map(|address| *address.as_bytes()));
    let keys = [&*keys.poll, &*keys.voter_addresses, &*keys.address_counts];
    let arguments = [&*current.encoded, &packed_voters, &packed_addresses];
    let reply = ADDRESS_USAGE.call(&store.redis, &keys, &arguments).await?;
    if reply == Value::Nil {
        return Ok(None);
    }
    let mut parts = list(reply).ok_or_else(corrupt)?.into_iter();
    let mut rows = || -> Option<Vec<(usize, Vec<u8>)>> { indexed_rows(list(parts.next()?)?) };
    let mut usage = AddressUsage::default();
    for (index, address) in rows().ok_or_else(corrupt)? {
        let address = <[u8; ID_BYTES]>::try_from(address).map_err(|_| corrupt())?;
        let voter = voters.get(index).ok_or_else(corrupt)?;
        addresses.push(AddressId::from_bytes(address));
        usage.voters.insert(*voter, AddressId::from_bytes(address));
    }
    for (index, count) in rows().ok_or_else(corrupt)? {
        let count = std::str::from_utf8(&count).ok();
        let count = count.and_then(|digits| digits.parse().ok());
        let address = addresses.get(index).ok_or_else(corrupt)?;
        usage.used.insert(*address, count.ok_or_else(corrupt)?);
    }
    Ok(Some(usage))
}
