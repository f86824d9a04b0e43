//! Polls and single ballots, as they are now.

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use votify_core::ballot::ActiveBallot;
use votify_core::poll::PollState;
use votify_core::{PollId, VoterId};

use super::RedisStore;
use super::error::Fault;
use super::keys::{ID, Keys};
use super::lifecycle;
use super::patience::in_time;
use super::poll_read::Seen;
use super::scripts::READ;

/// How many polls are asked for at once.
const AT_ONCE: usize = 256;
/// How many voters are asked for together.
const VOTERS: usize = 4_000;

/// The states of polls, in their order.
pub(super) async fn states(
    store: &RedisStore,
    ids: &[PollId],
) -> Result<Vec<Option<PollState>>, Fault> {
    let reading: Vec<_> = ids
        .iter()
        .map(|id| in_time(lifecycle::current(store, *id)))
        .collect();
    stream::iter(reading).buffered(AT_ONCE).try_collect().await
}

pub(super) async fn ballots_of(
    store: &RedisStore,
    id: PollId,
    voters: &[VoterId],
) -> Result<Vec<Option<ActiveBallot>>, Fault> {
    let keys = Keys::new(&store.redis, id);
    let mut found = HashMap::new();
    for voters in voters.chunks(VOTERS) {
        let mut packed = Vec::with_capacity(ID * voters.len());
        for voter in voters {
            packed.extend_from_slice(voter.as_bytes());
        }
        let answer = READ
            .call(&store.redis, &keys.to_read(), &[b"", &packed, b"16"])
            .await?;
        let seen = Seen::read(id, answer)?;
        for (_, standing) in seen.standing(|place| voters.get(place).copied())? {
            found.insert(standing.ballot.voter, standing);
        }
    }
    Ok(voters
        .iter()
        .map(|voter| found.get(voter).cloned())
        .collect())
}
