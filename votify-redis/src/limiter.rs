use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use votify_core::backend::SlidingWindow;
use votify_core::limit::{LimitError, LimitKey, Rate, RateDecision, RateLimiter};
use votify_core::time::Timestamp;

use crate::connect::Redis;
use crate::error::{ConnectError, Error, NAME};

/// Updates the 16 bytes of a window and returns the previous ones. The caller derives the
/// decision from them.
static ACQUIRE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("limiter/acquire.lua")));

/// Separates these digests from digests of the same bytes for other purposes.
const CONTEXT: &str = "votify-redis 2026-11-21 names of rate limits";

/// A [`RateLimiter`] that counts attempts across all instances.
///
/// Each attempt is one round trip that runs one atomic script.
///
/// A key takes 16 bytes, and about 150 bytes with the overhead of Redis. Its name is a
/// digest. It expires two periods after the last attempt. A server whose memory is full
/// returns an error, unless its `maxmemory-policy` allows eviction. An evicted key starts
/// again from zero.
///
/// The clocks of the instances should agree within a fifth of a rate's period.
///
/// The timeout [defaults to 500 ms](Self::with_timeout), because a voter waits. The
/// caller decides what an error means; `votify-axum` allows the request.
///
/// ```no_run
/// use std::time::Duration;
/// use votify_redis::RedisRateLimiter;
///
/// # async fn run() -> Result<(), votify_redis::ConnectError> {
/// let limiter = RedisRateLimiter::connect("redis://localhost")
///     .await?
///     .with_timeout(Duration::from_millis(200));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RedisRateLimiter {
    redis: Redis,
    timeout: Duration,
}

impl RedisRateLimiter {
    /// The default timeout of an attempt: 500 ms.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(500);

    /// Connects to the server or cluster at `url`, like [`Redis::connect`].
    ///
    /// # Errors
    /// Same as [`Redis::connect`].
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Ok(Self::from_client(Redis::connect(url).await?))
    }

    /// Creates a limiter that uses the connections of `redis`.
    ///
    /// It shares its counts with all limiters on the same server and prefix.
    #[must_use]
    pub const fn from_client(redis: Redis) -> Self {
        Self {
            redis,
            timeout: Self::DEFAULT_TIMEOUT,
        }
    }

    /// Sets the timeout of an attempt. Defaults to 500 ms.
    ///
    /// The timeout of the [`Redis` client](crate::RedisBuilder::timeout) is an upper
    /// bound.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Returns the Redis key of a limit. A digest hides the key's bytes, which may be an
    /// address.
    fn redis_key(&self, key: &LimitKey) -> String {
        let mut digest = blake3::Hasher::new_derive_key(CONTEXT);
        digest.update(key.as_bytes());
        let digest = digest.finalize().to_hex();
        self.redis.key(&format!("limit:{}", &digest[..32]))
    }

    /// Records the attempt and returns the window before it.
    async fn previous_window(
        &self,
        key: &LimitKey,
        rate: &Rate,
        now: Timestamp,
    ) -> Result<SlidingWindow, Error> {
        let expiry = 2 * rate.period().as_millis();
        let mut attempt = ACQUIRE.key(self.redis_key(key));
        attempt
            .arg(SlidingWindow::slice_at(rate, now))
            .arg(rate.limit())
            .arg(u64::try_from(expiry).unwrap_or(u64::MAX));
        let timeout = self.timeout;
        let previous: Vec<u8> = self.redis.script_with_timeout(&attempt, timeout).await?;
        // Another length means a new key, or a foreign value, which the script replaced.
        let previous = <[u8; 16]>::try_from(previous).unwrap_or_default();
        Ok(SlidingWindow::from_bytes(previous))
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    fn backend(&self) -> &'static str {
        NAME
    }

    /// Counts the attempt. After an error, the attempt may have been counted.
    async fn acquire(
        &self,
        key: &LimitKey,
        rate: &Rate,
        now: Timestamp,
    ) -> Result<RateDecision, LimitError> {
        let window = self.previous_window(key, rate, now).await;
        let mut window = window.map_err(Error::into_limit_error)?;
        Ok(window.acquire(rate, now))
    }
}
