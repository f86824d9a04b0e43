//! Reads of polls and of single ballots.

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use votify_core::ballot::ActiveBallot;
use votify_core::poll::PollState;
use votify_core::{PollId, VoterId};

use super::RedisStore;
use super::cas::with_timeout;
use super::error::Error;
use super::keys::{ID_BYTES, Keys};
use super::lifecycle;
use super::poll_read::PollRead;
use super::scripts::READ;

/// Maximum polls read at once. Below the queue of a connection (1 024 calls).
const MAX_CONCURRENT_POLLS: usize = 256;
/// Maximum voters per script call. It is one `HMGET` of the prelude, which passes at most
/// 4 000 fields because Lua's `unpack` is limited to about 8 000 values.
const VOTERS_PER_CALL: usize = 4_000;

/// Returns the states of polls, in order.
pub(super) async fn states(
    store: &RedisStore,
    ids: &[PollId],
) -> Result<Vec<Option<PollState>>, Error> {
    let reads: Vec<_> = ids
        .iter()
        .map(|id| with_timeout(lifecycle::current(store, *id)))
        .collect();
    stream::iter(reads)
        .buffered(MAX_CONCURRENT_POLLS)
        .try_collect()
        .await
}

/// Returns the active ballots of voters, in order.
pub(super) async fn ballots_of(
    store: &RedisStore,
    id: PollId,
    voters: &[VoterId],
) -> Result<Vec<Option<ActiveBallot>>, Error> {
    let keys = Keys::new(&store.redis, id);
    let mut ballots = HashMap::new();
    for voters in voters.chunks(VOTERS_PER_CALL) {
        let mut packed = Vec::with_capacity(ID_BYTES * voters.len());
        for voter in voters {
            packed.extend_from_slice(voter.as_bytes());
        }
        let reply = READ
            .call(&store.redis, &keys.to_read(), &[b"", &packed, b"16"])
            .await?;
        let read = PollRead::parse(id, reply)?;
        if read.votes.is_empty() {
            continue;
        }
        let poll = read.definition()?;
        for (_, active) in read.active_ballots(&poll, |index| voters.get(index).copied())? {
            ballots.insert(active.ballot.voter, active);
        }
    }
    Ok(voters
        .iter()
        .map(|voter| ballots.get(voter).cloned())
        .collect())
}
