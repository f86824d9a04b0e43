use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use votify_core::backend::SlidingWindow;
use votify_core::limit::{LimitError, LimitKey, Rate, RateDecision, RateLimiter};
use votify_core::time::Clock;

use crate::connect::Redis;
use crate::error::{ConnectError, Error, NAME};

/// Updates the 28 bytes of a window, and returns the time of the attempt and the previous
/// bytes. The caller derives the decision from them.
static ACQUIRE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("limiter/acquire.lua")));

/// Separates these digests from digests of the same bytes for other purposes.
const CONTEXT: &str = "votify-redis 2026-11-21 names of rate limits";

/// A [`RateLimiter`] that counts attempts across all instances.
///
/// Each attempt is one round trip that runs one atomic script.
///
/// A key takes 28 bytes, and about 160 bytes with the overhead of Redis. Its name is a
/// digest. It expires two periods after the last attempt. A server whose memory is full
/// returns an error, unless its `maxmemory-policy` allows eviction. An evicted key starts
/// again from zero.
///
/// The server's clock measures the time of all attempts; the clocks of the instances do
/// not matter. If the server's clock is set back, each limit is available again at most
/// 1.2 periods later. If it is set ahead, limits are available again at once.
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
    /// Replaces the server's clock in tests.
    clock: Option<Arc<dyn Clock>>,
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
            clock: None,
        }
    }

    /// Replaces the server's clock by the monotonic time of `clock`. For tests: instances
    /// that share a server need one clock.
    #[doc(hidden)]
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
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

    /// Records the attempt. Returns the window before it, and its time.
    async fn previous_window(
        &self,
        key: &LimitKey,
        rate: &Rate,
        cost: u32,
    ) -> Result<(SlidingWindow, Duration), Error> {
        let expiry = 2 * rate.period().as_millis();
        let mut attempt = ACQUIRE.key(self.redis_key(key));
        attempt
            .arg(micros(SlidingWindow::slice_length(rate)))
            .arg(rate.limit())
            .arg(cost)
            .arg(u64::try_from(expiry).unwrap_or(u64::MAX));
        if let Some(clock) = &self.clock {
            attempt.arg(micros(clock.monotonic()));
        }
        let timeout = self.timeout;
        let (now, previous): (u64, Vec<u8>) =
            self.redis.script_with_timeout(&attempt, timeout).await?;
        // Another length means a new key, or a foreign value, which the script replaced.
        let previous = <[u8; 28]>::try_from(previous).unwrap_or_default();
        let window = SlidingWindow::from_bytes(previous);
        Ok((window, Duration::from_micros(now)))
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
        cost: u32,
    ) -> Result<RateDecision, LimitError> {
        let previous = self.previous_window(key, rate, cost).await;
        let (mut window, now) = previous.map_err(Error::into_limit_error)?;
        Ok(window.acquire(rate, cost, now))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
