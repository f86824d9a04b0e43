use std::sync::Arc;
use std::time::Duration;

use redis::{FromRedisValue, Script, ScriptInvocation};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use votify_core::{Poll, PollId, Tally, VoterId};

use super::config::CacheConfig;
use super::lookup::{
    BallotFingerprint, CacheState, Lookup, Reply, sortable_position, sortable_version,
};
use crate::connect::Redis;
use crate::error::Error;

/// Interval of probes while the circuit breaker is open.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// The cache's data in Redis. All failures are logged, and none is returned as an error.
#[derive(Debug)]
pub(super) struct RedisCache {
    redis: Redis,
    scripts: Scripts,
    breaker: CircuitBreaker,
    pub(super) timeout: Duration,
    pub(super) lease: Duration,
    ttl_millis: u64,
}

#[derive(Debug)]
struct Scripts {
    get: Script,
    put: Script,
    tombstone: Script,
}

/// The state of a poll to write to Redis, with the fingerprints of voters.
#[derive(Debug)]
pub(super) struct CacheWrite<'a> {
    pub(super) tally: &'a Tally,
    /// Written only if its version is that of the tally.
    pub(super) poll: Option<&'a Poll>,
    /// End of the lease in microseconds of Redis' clock; 0 keeps the stored one.
    pub(super) lease_end: u64,
    pub(super) voters: &'a [(VoterId, BallotFingerprint)],
}

impl RedisCache {
    pub(super) fn new(redis: Redis, config: &CacheConfig) -> Self {
        Self {
            redis,
            scripts: Scripts {
                get: Script::new(include_str!("get.lua")),
                put: Script::new(include_str!("put.lua")),
                tombstone: Script::new(include_str!("tombstone.lua")),
            },
            breaker: CircuitBreaker::new(),
            timeout: config.timeout,
            lease: config.lease,
            ttl_millis: u64::try_from(config.ttl.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Returns false while Redis is considered unreachable.
    pub(super) fn is_available(&self) -> bool {
        self.breaker.is_closed()
    }

    /// Reads a poll and the fingerprints of `voters`. Returns `None` if Redis fails.
    pub(super) async fn get(&self, poll: PollId, voters: &[VoterId]) -> Option<Lookup> {
        let mut call = self.call(&self.scripts.get, poll);
        for voter in voters {
            call.arg(voter.as_bytes());
        }
        let reply: Reply = self.run(poll, &call).await?;
        let lookup = Lookup::parse(poll, reply, micros(self.lease));
        if matches!(lookup.state, CacheState::Corrupt) {
            tracing::warn!(%poll, "discarding a corrupt cache entry in Redis");
            self.delete(poll).await;
        }
        Some(lookup)
    }

    /// Returns the end of a lease on data that is read from the store after `lookup`.
    pub(super) fn lease_end(&self, lookup: &Lookup) -> u64 {
        lookup.now.saturating_add(micros(self.lease))
    }

    /// Writes a state unless a newer one is stored. Returns true if Redis executed it.
    pub(super) async fn put(&self, write: &CacheWrite<'_>) -> bool {
        let CacheWrite {
            tally,
            poll,
            lease_end,
            voters,
        } = *write;
        let poll = poll.filter(|poll| poll.version == tally.version);
        let Ok(tally_json) = serde_json::to_vec(tally) else {
            return false;
        };
        let poll_json = poll.map(serde_json::to_vec).transpose();
        let Ok(poll_json) = poll_json else {
            return false;
        };
        let mut call = self.call(&self.scripts.put, tally.poll);
        call.arg(sortable_position(tally.position))
            .arg(sortable_version(tally.version))
            .arg(tally_json)
            .arg(poll_json.unwrap_or_default())
            .arg(limit_to_closing_time(lease_end, poll))
            .arg(self.ttl_millis);
        for (voter, fingerprint) in voters {
            call.arg(voter.as_bytes()).arg(fingerprint.as_bytes());
        }
        self.run::<()>(tally.poll, &call).await.is_some()
    }

    /// Replaces a deleted poll by a tombstone. Returns true if Redis executed it.
    pub(super) async fn tombstone(&self, poll: PollId) -> bool {
        let mut call = self.call(&self.scripts.tombstone, poll);
        call.arg(self.ttl_millis);
        self.run::<()>(poll, &call).await.is_some()
    }

    async fn delete(&self, poll: PollId) {
        let mut command = redis::cmd("DEL");
        for key in self.keys(poll) {
            command.arg(key);
        }
        let deleted = timeout(self.timeout, self.redis.run::<()>(&command)).await;
        self.handle_result(poll, deleted.unwrap_or(Err(Error::Timeout(self.timeout))));
    }

    /// Returns true if Redis answers within the cache's timeout.
    ///
    /// The call itself has the longer timeout of the connection, so that a lost
    /// connection is detected and replaced.
    async fn probe(&self, poll: PollId) -> bool {
        let started = Instant::now();
        let mut command = redis::cmd("EXISTS");
        for key in self.keys(poll) {
            command.arg(key);
        }
        let answered = match self.redis.run::<u64>(&command).await {
            Ok(_) => true,
            Err(error) => !error.is_transient(),
        };
        answered && started.elapsed() <= self.timeout
    }

    /// Runs a script with the cache's timeout, unless the breaker is open.
    async fn run<T: FromRedisValue>(&self, poll: PollId, call: &ScriptInvocation<'_>) -> Option<T> {
        if !self.breaker.is_closed() {
            return None;
        }
        let result = timeout(self.timeout, self.redis.script(call)).await;
        self.handle_result(poll, result.unwrap_or(Err(Error::Timeout(self.timeout))))
    }

    /// Logs an error, and opens the breaker if it is transient.
    fn handle_result<T>(&self, poll: PollId, result: Result<T, Error>) -> Option<T> {
        let error = match result {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        if !error.is_transient() {
            tracing::warn!(%poll, error = &error as &dyn std::error::Error, "cache call failed");
        } else if self.breaker.open(poll) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "Redis does not respond; continuing without the cache"
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

/// Probes Redis while the breaker is open, so that no voter has to wait for the probe.
pub(super) async fn probe(cache: Arc<RedisCache>) {
    loop {
        let poll = cache.breaker.opened().await;
        if cache.probe(poll).await {
            cache.breaker.close();
            tracing::info!("Redis responds again; using the cache");
        } else {
            tokio::time::sleep(PROBE_INTERVAL).await;
        }
    }
}

/// Skips Redis after a call without an answer, until a probe succeeds.
///
/// So only the first votes of an outage wait for the timeout.
#[derive(Debug)]
struct CircuitBreaker {
    /// The poll of the failed call while open. On a cluster, its key selects the node
    /// that is probed.
    failed_poll: watch::Sender<Option<PollId>>,
}

impl CircuitBreaker {
    fn new() -> Self {
        Self {
            failed_poll: watch::Sender::new(None),
        }
    }

    fn is_closed(&self) -> bool {
        self.failed_poll.borrow().is_none()
    }

    /// Opens the breaker. Returns true if it was closed.
    fn open(&self, poll: PollId) -> bool {
        self.failed_poll.send_if_modified(|failed_poll| {
            let was_closed = failed_poll.is_none();
            failed_poll.get_or_insert(poll);
            was_closed
        })
    }

    fn close(&self) {
        self.failed_poll.send_replace(None);
    }

    /// Waits until the breaker is open and returns the poll of the failed call.
    async fn opened(&self) -> PollId {
        let mut failed_poll = self.failed_poll.subscribe();
        loop {
            if let Some(poll) = *failed_poll.borrow_and_update() {
                return poll;
            }
            if failed_poll.changed().await.is_err() {
                // Unreachable: `self` owns the sender.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Limits a lease to the closing time of an unsealed poll.
///
/// So sealing at the deadline need not revoke leases.
fn limit_to_closing_time(lease_end: u64, poll: Option<&Poll>) -> u64 {
    match poll {
        Some(poll) if poll.is_sealed() => lease_end,
        Some(poll) => {
            let closes_at = poll.closes_at.map(|time| time.as_micros().unsigned_abs());
            closes_at.map_or(lease_end, |closes_at| lease_end.min(closes_at))
        }
        None => 0,
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
