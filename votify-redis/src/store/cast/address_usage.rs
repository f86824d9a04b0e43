use redis::Value;
use votify_core::backend::AddressUsage;
use votify_core::voter::AddressId;
use votify_core::{Ballot, VoterId};

use crate::store::RedisStore;
use crate::store::error::{Damaged, Fault};
use crate::store::keys::{ID, Keys};
use crate::store::poll_read::{Current, list, pairs};
use crate::store::scripts::PLACES;

/// From where ballots stand, as far as these ballots' poll has to know; `None` if the poll is not as it was read any more.
pub(super) async fn read(
    store: &RedisStore,
    keys: &Keys<'_>,
    current: &Current,
    ballots: &[&Ballot],
) -> Result<Option<AddressUsage>, Fault> {
    let poll = &current.kept.state.poll;
    let damaged = || Fault::from(Damaged::of(poll.id, "the places of a poll"));
    // Where no vote can be replaced or taken back, no place is ever left.
    let movable: &[&Ballot] = if poll.rules.revote { ballots } else { &[] };
    let voters: Vec<VoterId> = movable.iter().map(|ballot| ballot.voter).collect();
    let mut addresses: Vec<AddressId> = ballots.iter().filter_map(|one| one.address).collect();
    let packed = |ids: &mut dyn Iterator<Item = [u8; ID]>| ids.flatten().collect::<Vec<u8>>();
    let of_voters = packed(&mut voters.iter().map(|voter| *voter.as_bytes()));
    let of_addresses = packed(&mut addresses.iter().map(|address| *address.as_bytes()));
    let keys = [&*keys.poll, &*keys.places, &*keys.addresses];
    let arguments = [&*current.read, &of_voters, &of_addresses];
    let answer = PLACES.call(&store.redis, &keys, &arguments).await?;
    if answer == Value::Nil {
        return Ok(None);
    }
    let mut answer = list(answer).ok_or_else(damaged)?.into_iter();
    let mut rows = || -> Option<Vec<(usize, Vec<u8>)>> { pairs(list(answer.next()?)?) };
    let mut places = AddressUsage::default();
    for (place, address) in rows().ok_or_else(damaged)? {
        let address = <[u8; ID]>::try_from(address).map_err(|_| damaged())?;
        let voter = voters.get(place).ok_or_else(damaged)?;
        addresses.push(AddressId::from_bytes(address));
        places.voters.insert(*voter, AddressId::from_bytes(address));
    }
    for (place, taken) in rows().ok_or_else(damaged)? {
        let taken = std::str::from_utf8(&taken).ok();
        let taken = taken.and_then(|digits| digits.parse().ok());
        let address = addresses.get(place).ok_or_else(damaged)?;
        places.used.insert(*address, taken.ok_or_else(damaged)?);
    }
    Ok(Some(places))
}
