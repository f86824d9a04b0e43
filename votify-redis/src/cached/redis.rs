use std::time::Duration;

use redis::{FromRedisValue, Script, ScriptInvocation};
use tokio::time::{Instant, timeout};
use votify_core::{Poll, PollId, Tally, VoterId};

use super::breaker::Breaker;
use super::config::CacheConfig;
use super::lookup::{Found, Look, Reply, field, position_text, version_text};
use super::mark::Mark;
use crate::connect::Redis;
use crate::error::Error;

/// The place in Redis. Nobody waits long for it, and none of its failures is anybody's failure.
#[derive(Debug)]
pub(super) struct Shelf {
    redis: Redis,
    scripts: Scripts,
    pub(super) breaker: Breaker,
    pub(super) patience: Duration,
    pub(super) lease: Duration,
    life: u64,
}

#[derive(Debug)]
struct Scripts {
    look: Script,
    keep: Script,
    bury: Script,
}

/// What is to be kept of a poll.
#[derive(Debug)]
pub(super) struct Snapshot<'a> {
    pub(super) tally: &'a Tally,
    /// Of the tally's version.
    pub(super) poll: Option<&'a Poll>,
    /// Until when others may rely on it; 0 leaves that as it was.
    pub(super) until: u64,
    pub(super) voters: &'a [(VoterId, Mark)],
}

impl Shelf {
    pub(super) fn new(redis: Redis, config: &CacheConfig) -> Self {
        Self {
            redis,
            scripts: Scripts {
                look: Script::new(include_str!("get.lua")),
                keep: Script::new(include_str!("put.lua")),
                bury: Script::new(include_str!("tombstone.lua")),
            },
            breaker: Breaker::new(),
            patience: config.patience,
            lease: config.lease,
            life: u64::try_from(config.life.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// What Redis knows of a poll and of these voters; `None` if it cannot be asked.
    pub(super) async fn look(&self, poll: PollId, voters: &[VoterId]) -> Option<Look> {
        let mut call = self.call(&self.scripts.look, poll);
        for voter in voters {
            call.arg(field(voter));
        }
        let reply: Reply = self.within_patience(poll, &call).await?;
        let look = Look::read(poll, reply, micros(self.lease));
        if matches!(look.found, Found::Garbage) {
            tracing::warn!(%poll, "Redis holds something else in place of a poll: it is thrown away");
            self.clear(poll).await;
        }
        Some(look)
    }

    /// Until when others may rely on what the store is asked for after `look`.
    pub(super) fn lease_from(&self, look: &Look) -> u64 {
        look.now.saturating_add(micros(self.lease))
    }

    /// Keeps a snapshot, unless a newer one is there; tells whether Redis has seen to it.
    pub(super) async fn keep(&self, snapshot: &Snapshot<'_>) -> bool {
        let Snapshot {
            tally,
            poll,
            until,
            voters,
        } = *snapshot;
        let poll = poll.filter(|poll| poll.version == tally.version);
        let Ok(tally_json) = serde_json::to_vec(tally) else {
            return false;
        };
        let poll_json = poll.map(serde_json::to_vec).transpose();
        let Ok(poll_json) = poll_json else {
            return false;
        };
        let mut call = self.call(&self.scripts.keep, tally.poll);
        call.arg(position_text(tally.position))
            .arg(version_text(tally.version))
            .arg(tally_json)
            .arg(poll_json.unwrap_or_default())
            .arg(until_closing(until, poll))
            .arg(self.life);
        for (voter, mark) in voters {
            call.arg(field(voter)).arg(mark.as_bytes());
        }
        self.within_patience::<()>(tally.poll, &call)
            .await
            .is_some()
    }

    /// Forgets a poll that was deleted; tells whether Redis has seen to it.
    pub(super) async fn bury(&self, poll: PollId) -> bool {
        let mut call = self.call(&self.scripts.bury, poll);
        call.arg(self.life);
        self.within_patience::<()>(poll, &call).await.is_some()
    }

    async fn clear(&self, poll: PollId) {
        let mut command = redis::cmd("DEL");
        for key in self.keys(poll) {
            command.arg(key);
        }
        let cleared = timeout(self.patience, self.redis.run::<()>(&command)).await;
        self.heed(poll, cleared.unwrap_or(Err(Error::Silent(self.patience))));
    }

    /// Whether Redis answers again, and soon enough to be of use. It has all the time that its connection allows, so that a
    /// lost one is noticed.
    pub(super) async fn answers(&self, poll: PollId) -> bool {
        let asked = Instant::now();
        let mut command = redis::cmd("EXISTS");
        for key in self.keys(poll) {
            command.arg(key);
        }
        let answered = match self.redis.run::<u64>(&command).await {
            Ok(_) => true,
            Err(error) => !error.is_transient(),
        };
        answered && asked.elapsed() <= self.patience
    }

    async fn within_patience<T: FromRedisValue>(
        &self,
        poll: PollId,
        call: &ScriptInvocation<'_>,
    ) -> Option<T> {
        if !self.breaker.lets_through() {
            return None;
        }
        let answer = timeout(self.patience, self.redis.script(call)).await;
        self.heed(poll, answer.unwrap_or(Err(Error::Silent(self.patience))))
    }

    fn heed<T>(&self, poll: PollId, answer: Result<T, Error>) -> Option<T> {
        let error = match answer {
            Ok(answer) => return Some(answer),
            Err(error) => error,
        };
        if !error.is_transient() {
            tracing::warn!(%poll, error = &error as &dyn std::error::Error, "the cache does not do its work");
        } else if self.breaker.trip(poll) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "Redis does not answer: votes go on without the cache"
            );
        }
        None
    }

    fn call<'a>(&self, script: &'a Script, poll: PollId) -> ScriptInvocation<'a> {
        let mut call = script.prepare_invoke();
        for key in self.keys(poll) {
            call.key(key);
        }
        call
    }

    fn keys(&self, poll: PollId) -> [String; 2] {
        ["state", "voters"].map(|kind| self.redis.poll_key(poll, &format!("cache:{kind}")))
    }
}

/// No lease lasts beyond the end of a poll that is not sealed: who seals it then need not call leases back.
fn until_closing(until: u64, poll: Option<&Poll>) -> u64 {
    match poll {
        Some(poll) if poll.is_sealed() => until,
        Some(poll) => {
            let end = poll.closes_at.map(|end| end.as_micros().unsigned_abs());
            end.map_or(until, |end| until.min(end))
        }
        None => 0,
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
