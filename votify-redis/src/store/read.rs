//! Reads of polls and of single ballots.

use std::collections::HashMap;

use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use votify_core::ballot::ActiveBallot;
use votify_core::poll::PollState;
use votify_core::{BallotId, PollId, Timestamp, VoterId};

use super::RedisStore;
use super::cas::with_timeout;
use super::error::{Corrupt, Error};
use super::keys::{ID_BYTES, Keys, probe_key};
use super::poll_read::{PollRead, list, number};
use super::scripts::{READ, TIME};
use super::{lifecycle, listing};

/// Maximum polls read at once. Below the queue of a connection (1 024 calls).
const MAX_CONCURRENT_POLLS: usize = 256;
/// Maximum voters per script call. It is one `HMGET` of the prelude, which passes at most
/// 4 000 fields because Lua's `unpack` is limited to about 8 000 values.
const VOTERS_PER_CALL: usize = 4_000;

/// Writes a key that expires after a second.
pub(super) async fn write_probe(store: &RedisStore) -> Result<(), Error> {
    let mut write = redis::cmd("SET");
    write.arg(probe_key(&store.redis)).arg("").arg("EX").arg(1);
    Ok(store.redis.run(&write).await?)
}

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

/// Returns the states of polls, in order. A corrupt poll is logged and left out.
pub(super) async fn readable_states(
    store: &RedisStore,
    ids: &[PollId],
) -> Result<Vec<Option<PollState>>, Error> {
    let read = |id: PollId| async move {
        // Boxed: a page of these futures exists at once, and most do not write an epoch.
        match with_timeout(lifecycle::current(store, id).boxed()).await {
            Err(Error::Corrupt(error)) => {
                tracing::error!(%error, "leaving a poll out of a list");
                Ok(None)
            }
            result => result,
        }
    };
    let reads: Vec<_> = ids.iter().map(|id| read(*id)).collect();
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

/// Returns for each ballot whether it is active or superseded.
pub(super) async fn accepted(
    store: &RedisStore,
    id: PollId,
    ballots: &[(VoterId, BallotId)],
) -> Result<Vec<bool>, Error> {
    let keys = Keys::new(&store.redis, id);
    let mut accepted = Vec::with_capacity(ballots.len());
    for ballots in ballots.chunks(VOTERS_PER_CALL) {
        let mut packed = Vec::with_capacity(2 * ID_BYTES * ballots.len());
        for (voter, ballot) in ballots {
            packed.extend_from_slice(voter.as_bytes());
            packed.extend_from_slice(ballot.as_bytes());
        }
        let reply = READ
            .call(&store.redis, &keys.to_read(), &[b"", &packed, b"32"])
            .await?;
        let read = PollRead::parse(id, reply)?;
        let mut found = vec![false; ballots.len()];
        let mut active = Vec::new();
        if !read.votes.is_empty() {
            let voter_at = |index: usize| ballots.get(index).map(|(voter, _)| *voter);
            active = read.active_ballots(&read.definition()?, voter_at)?;
        }
        let active = active.into_iter().filter(|(index, active)| {
            let ballot = ballots.get(*index);
            ballot.is_some_and(|(_, ballot)| *ballot == active.ballot.id)
        });
        let superseded = read.superseded.iter().map(|(index, _)| *index);
        for index in active.map(|(index, _)| index).chain(superseded) {
            if let Some(found) = found.get_mut(index) {
                *found = true;
            }
        }
        accepted.extend(found);
    }
    Ok(accepted)
}

/// Returns the time of a server: on a cluster, of the one with the listings.
pub(super) async fn server_time(store: &RedisStore) -> Result<Timestamp, Error> {
    let keys = [listing::clock_key(&store.redis)];
    let reply = TIME.call(&store.redis, &keys, &[]).await?;
    let parse = || {
        let [seconds, micros] = <[_; 2]>::try_from(list(reply)?).ok()?;
        let seconds = number(seconds)?.checked_mul(1_000_000)?;
        let micros = seconds.checked_add(number(micros)?)?;
        Timestamp::from_micros(i64::try_from(micros).ok()?).ok()
    };
    parse().ok_or_else(|| Corrupt::of_server_time().into())
}
