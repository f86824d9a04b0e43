//! Which polls' places may have to be made anew.
//!
//! Who makes, changes, seals or deletes a poll announces it first, and takes that back when the poll's places are made. What
//! is left of one that was killed in between is seen to by whoever lists polls next. Votes move the heat of a poll; that is
//! told afterwards, for many votes at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::{Value, cmd};
use tokio::time::sleep;
use votify_core::PollId;

use super::entry::common_key;
use crate::connect::Redis;
use crate::error::Error;
use crate::store::error::Fault;
use crate::store::scripts::MARK;

/// How long the heat of a poll may be behind.
const BEAT: Duration = Duration::from_millis(500);
/// For how many beats it is tried to tell of it.
const TRIES: u32 = 20;

pub(super) fn announced(redis: &Redis) -> String {
    common_key(redis, "announced")
}

pub(super) fn warm(redis: &Redis) -> String {
    common_key(redis, "warm")
}

/// That a poll is about to change.
pub(in crate::store) struct Announcement {
    pub(super) poll: PollId,
    /// The poll, and what tells this announcement from others.
    member: Vec<u8>,
}

impl Announcement {
    pub(in crate::store) async fn make(redis: &Redis, poll: PollId) -> Result<Self, Fault> {
        let mut member = poll.as_bytes().to_vec();
        member.extend_from_slice(&fastrand::u64(..).to_be_bytes());
        MARK.call(redis, &[announced(redis)], &[&member]).await?;
        Ok(Self { poll, member })
    }

    pub(super) async fn take_back(self, redis: &Redis) -> Result<(), Error> {
        let mut remove = cmd("ZREM");
        remove.arg(announced(redis)).arg(&self.member);
        redis.run::<Value>(&remove).await.map(|_| ())
    }
}

/// Polls whose heat moved, until that is told.
#[derive(Debug, Default)]
pub(in crate::store) struct Warm(Mutex<HashSet<PollId>>);

impl Warm {
    /// To be called within a tokio runtime.
    pub(in crate::store) fn add(self: &Arc<Self>, redis: &Redis, poll: PollId) {
        let mut polls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = polls.is_empty();
        polls.insert(poll);
        drop(polls);
        if is_first {
            tokio::spawn(tell(Arc::clone(self), redis.clone()));
        }
    }
}

async fn tell(warm_polls: Arc<Warm>, redis: Redis) {
    let key = warm(&redis);
    sleep(BEAT).await;
    // Emptied first: a vote that comes from now on begins another round.
    let polls: Vec<PollId> = {
        let mut polls = warm_polls.0.lock().unwrap_or_else(PoisonError::into_inner);
        polls.drain().collect()
    };
    for polls in polls.chunks(1000) {
        let members: Vec<&[u8]> = polls
            .iter()
            .map(|poll| poll.as_bytes().as_slice())
            .collect();
        for _ in 0..TRIES {
            match MARK.call(&redis, &[&key], &members).await {
                Ok(_) => break,
                Err(error) => {
                    tracing::debug!(%error, "the order of trending polls is behind");
                    sleep(BEAT).await;
                }
            }
        }
    }
}
