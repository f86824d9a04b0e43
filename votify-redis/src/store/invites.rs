//! Who is invited to polls: one set for each, written by one script.

use redis::Value;
use votify_core::store::InviteOutcome;
use votify_core::{PollId, VoterId};

use super::RedisStore;
use super::error::{Damaged, Fault};
use super::keys::{ID, Keys};
use super::patience::in_time;
use super::scripts::{INVITE, INVITED};

pub(super) async fn invite(
    store: &RedisStore,
    poll: PollId,
    voters: &[VoterId],
    most: u64,
) -> Result<InviteOutcome, Fault> {
    let keys = Keys::new(&store.redis, poll);
    let (most, voters) = (most.to_string(), packed(voters));
    let (keys, arguments) = ([&keys.poll, &keys.invited], [most.as_bytes(), &voters]);
    let answer = in_time(async { Ok(INVITE.call(&store.redis, &keys, &arguments).await?) }).await?;
    let damaged = || Fault::from(Damaged::of(poll, "the answer of a script"));
    let answer = match answer {
        Value::Nil => return Err(Fault::NotFound(poll)),
        Value::Array(answer) => answer,
        _ => return Err(damaged()),
    };
    let [Value::Int(total), Value::Int(done)] = answer[..] else {
        return Err(damaged());
    };
    let total = u64::try_from(total).map_err(|_| damaged())?;
    Ok(if done == 1 {
        InviteOutcome::Invited { total }
    } else {
        InviteOutcome::TooMany { total }
    })
}

pub(super) async fn invited(
    store: &RedisStore,
    poll: PollId,
    voters: &[VoterId],
) -> Result<Vec<bool>, Fault> {
    let keys = Keys::new(&store.redis, poll);
    let (keys, voters_given) = ([&keys.invited], packed(voters));
    let asking = async { Ok(INVITED.call(&store.redis, &keys, &[&voters_given]).await?) };
    match in_time(asking).await? {
        Value::BulkString(answers) if answers.len() == voters.len() => {
            Ok(answers.into_iter().map(|answer| answer == b'1').collect())
        }
        _ => Err(Damaged::of(poll, "the answer of a script").into()),
    }
}

fn packed(voters: &[VoterId]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(ID * voters.len());
    for voter in voters {
        packed.extend_from_slice(voter.as_bytes());
    }
    packed
}
