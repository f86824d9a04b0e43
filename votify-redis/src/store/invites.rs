//! Invited voters, one set per poll.

use redis::Value;
use votify_core::store::InviteOutcome;
use votify_core::{PollId, VoterId};

use super::RedisStore;
use super::cas::with_timeout;
use super::error::{Corrupt, Error};
use super::keys::{ID_BYTES, Keys};
use super::scripts::{INVITE, INVITE_COUNT, INVITED};

pub(super) async fn invite(
    store: &RedisStore,
    poll: PollId,
    voters: &[VoterId],
    max: u64,
) -> Result<InviteOutcome, Error> {
    let keys = Keys::new(&store.redis, poll);
    let (max, voters) = (max.to_string(), packed(voters));
    let (keys, arguments) = ([&keys.poll, &keys.invited], [max.as_bytes(), &voters]);
    let invite = async { Ok(INVITE.call(&store.redis, &keys, &arguments).await?) };
    let corrupt = || Error::from(Corrupt::of(poll, "the reply of a script"));
    let reply = match with_timeout(invite).await? {
        Value::Nil => return Err(Error::NotFound(poll)),
        Value::Array(reply) => reply,
        _ => return Err(corrupt()),
    };
    let [Value::Int(total), Value::Int(invited)] = reply[..] else {
        return Err(corrupt());
    };
    let total = u64::try_from(total).map_err(|_| corrupt())?;
    Ok(if invited == 1 {
        InviteOutcome::Invited { total }
    } else {
        InviteOutcome::TooMany { total }
    })
}

pub(super) async fn invited(
    store: &RedisStore,
    poll: PollId,
    voters: &[VoterId],
) -> Result<Vec<bool>, Error> {
    let keys = Keys::new(&store.redis, poll);
    let (keys, packed_voters) = ([&keys.invited], packed(voters));
    let query = async { Ok(INVITED.call(&store.redis, &keys, &[&packed_voters]).await?) };
    match with_timeout(query).await? {
        Value::BulkString(flags) if flags.len() == voters.len() => {
            Ok(flags.into_iter().map(|flag| flag == b'1').collect())
        }
        _ => Err(Corrupt::of(poll, "the reply of a script").into()),
    }
}

pub(super) async fn count(store: &RedisStore, poll: PollId) -> Result<u64, Error> {
    let keys = [&Keys::new(&store.redis, poll).invited];
    let query = async { Ok(INVITE_COUNT.call(&store.redis, &keys, &[]).await?) };
    match with_timeout(query).await? {
        Value::Int(count) => u64::try_from(count).ok(),
        _ => None,
    }
    .ok_or_else(|| Corrupt::of(poll, "the reply of a script").into())
}

fn packed(voters: &[VoterId]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(ID_BYTES * voters.len());
    for voter in voters {
        packed.extend_from_slice(voter.as_bytes());
    }
    packed
}
