use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use votify_core::backend::SlidingWindow;
use votify_core::limit::{LimitError, LimitKey, Permit, Quota, RateLimiter};
use votify_core::time::Timestamp;

use crate::connect::Redis;
use crate::error::{Error, NAME};

/// A few additions on the 16 bytes of a window; the permit follows from the same bytes.
static ACQUIRE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("limiter/acquire.lua")));

/// Tells these digests from all others of the same bytes.
const CONTEXT: &str = "votify-redis 2026-11-21 names of rate limits";

/// A [`RateLimiter`] whose attempts all nodes count together: one round trip and one atomic script for each.
///
/// It keeps 16 bytes for a key, under a name that is a digest, and about 150 bytes with all that Redis adds. Each has an
/// expiry: two periods of its quota after the last attempt it is forgotten. A server that is full answers with an error
/// unless its `maxmemory-policy` lets it forget others; then what it forgets begins anew.
///
/// All nodes' clocks should agree, as far as a fifth of a quota's period matters.
///
/// An answer is waited for half a second at most, unless [told otherwise](Self::with_patience): somebody wants to vote.
/// What happens without an answer is for the caller to decide; `votify-axum` then does not limit.
///
/// ```no_run
/// # async fn run() -> Result<(), votify_redis::ConnectError> {
/// use votify_redis::{Redis, RedisRateLimiter};
///
/// let redis = Redis::connect("redis://localhost").await?;
/// let limiter = RedisRateLimiter::new(redis);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RedisRateLimiter {
    redis: Redis,
    patience: Duration,
}

impl RedisRateLimiter {
    /// How long an answer is waited for unless told otherwise.
    pub const DEFAULT_PATIENCE: Duration = Duration::from_millis(500);

    /// A limiter that counts together with all others on the same server under the same prefix.
    #[must_use]
    pub const fn new(redis: Redis) -> Self {
        Self {
            redis,
            patience: Self::DEFAULT_PATIENCE,
        }
    }

    /// The same, waiting so long for an answer, but never longer than [a call may take](crate::RedisBuilder::timeout).
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The name that a key's attempts are counted under. The key itself may be what somebody called from.
    fn name(&self, key: &LimitKey) -> String {
        let mut digest = blake3::Hasher::new_derive_key(CONTEXT);
        digest.update(key.as_bytes());
        let digest = digest.finalize().to_hex();
        self.redis.key(&format!("limit:{}", &digest[..32]))
    }

    async fn window(
        &self,
        key: &LimitKey,
        quota: &Quota,
        now: Timestamp,
    ) -> Result<SlidingWindow, Error> {
        let expiry = 2 * quota.period().as_millis();
        let mut attempt = ACQUIRE.key(self.name(key));
        attempt
            .arg(SlidingWindow::slice_at(quota, now))
            .arg(quota.limit())
            .arg(u64::try_from(expiry).unwrap_or(u64::MAX));
        let patience = self.patience;
        let before: Vec<u8> = self.redis.script_within(&attempt, patience).await?;
        // Nothing was counted under the name yet, or by somebody else.
        let before = <[u8; 16]>::try_from(before).unwrap_or_default();
        Ok(SlidingWindow::from_bytes(before))
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    fn backend(&self) -> &'static str {
        NAME
    }

    /// Without an answer, the attempt may have been counted.
    async fn acquire(
        &self,
        key: &LimitKey,
        quota: &Quota,
        now: Timestamp,
    ) -> Result<Permit, LimitError> {
        let window = self.window(key, quota, now).await;
        let mut window = window.map_err(Error::into_limit_error)?;
        Ok(window.acquire(quota, now))
    }
}
