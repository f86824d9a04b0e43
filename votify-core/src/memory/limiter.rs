use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::backend::SlidingWindow;
use crate::limit::{LimitError, LimitKey, Rate, RateDecision, RateLimiter};
use crate::time::{Clock, SystemClock};

/// Number of shards. With 18, one million keys fill each table just below its resize
/// threshold (7/8 of 65 536); 16 would double the memory.
const SHARDS: usize = 18;

/// A [`RateLimiter`] within this process.
///
/// Holds up to [`with_capacity`](Self::with_capacity) keys, about 50 bytes each. Defaults
/// to 1 000 000. When it is full, it first evicts idle keys, then an eighth of the
/// others: their count starts again at zero.
///
/// Measures time with the monotonic time of a [`Clock`].
#[derive(Debug)]
pub struct MemoryRateLimiter {
    shards: Vec<Mutex<HashMap<u64, KeyState>>>,
    hasher: RandomState,
    keys_per_shard: usize,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Default)]
struct KeyState {
    window: SlidingWindow,
    /// The rate's period in seconds, which decides when the key is idle.
    period_seconds: u32,
}

impl MemoryRateLimiter {
    /// The default number of keys.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;

    /// Creates a limiter for up to 1 000 000 keys.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// Creates a limiter for up to `keys` keys, at least 18.
    #[must_use]
    pub fn with_capacity(keys: usize) -> Self {
        Self {
            shards: std::iter::repeat_with(Mutex::default)
                .take(SHARDS)
                .collect(),
            hasher: RandomState::new(),
            keys_per_shard: keys.div_ceil(SHARDS).max(1),
            clock: Arc::new(SystemClock),
        }
    }

    /// Sets the clock. Defaults to [`SystemClock`].
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use votify_core::limit::LimitKey;
    /// use votify_core::{ManualClock, MemoryRateLimiter, Rate, RateLimiter, Timestamp};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), votify_core::limit::LimitError> {
    /// let clock = Arc::new(ManualClock::new(Timestamp::EPOCH));
    /// let limiter = MemoryRateLimiter::new().with_clock(Arc::clone(&clock));
    /// let (key, rate) = (LimitKey::from_bytes([7; 16]), Rate::per_minute(1));
    /// assert!(limiter.acquire(&key, &rate, 1).await?.granted);
    ///
    /// let refused = limiter.acquire(&key, &rate, 1).await?;
    /// assert!(!refused.granted);
    /// clock.advance(refused.retry_after);
    /// assert!(limiter.acquire(&key, &rate, 1).await?.granted);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns the current number of keys.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len())
            .sum()
    }
}

impl Default for MemoryRateLimiter {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    fn backend(&self) -> &'static str {
        "local"
    }

    async fn acquire(
        &self,
        key: &LimitKey,
        rate: &Rate,
        cost: u32,
    ) -> Result<RateDecision, LimitError> {
        // Keyed with a random secret of this process, so that no client can provoke a
        // collision.
        let digest = self.hasher.hash_one(key);
        let shard = usize::try_from(digest >> 32).unwrap_or(0) % SHARDS;
        let Some(shard) = self.shards.get(shard) else {
            return Ok(refused(rate));
        };
        let mut keys = shard.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that the attempts of a key are in the order of their times.
        let now = self.clock.monotonic();
        if keys.len() >= self.keys_per_shard && !keys.contains_key(&digest) {
            evict(&mut keys, self.keys_per_shard, now);
        }
        let state = keys.entry(digest).or_default();
        state.period_seconds = u32::try_from(rate.period().as_secs()).unwrap_or(u32::MAX);
        Ok(state.window.acquire(rate, cost, now))
    }
}

/// Removes the idle keys, and if more than 7/8 of the capacity are left, the excess.
fn evict(keys: &mut HashMap<u64, KeyState>, capacity: usize, now: Duration) {
    let is_idle = |state: &KeyState| {
        let period = Duration::from_secs(u64::from(state.period_seconds));
        state.window.is_idle(period, now)
    };
    let target = capacity - capacity.div_ceil(8);
    // A new table, because removals leave tombstones in the old one until it would
    // double.
    let all = std::mem::replace(keys, HashMap::with_capacity(capacity));
    let in_use = all.into_iter().filter(|(_, state)| !is_idle(state));
    keys.extend(in_use.take(target));
}

fn refused(rate: &Rate) -> RateDecision {
    RateDecision {
        granted: false,
        remaining: 0,
        reset_after: rate.period(),
        retry_after: rate.period(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{ManualClock, Timestamp};

    fn key(n: u32) -> LimitKey {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        LimitKey::from_bytes(bytes)
    }

    #[tokio::test]
    async fn the_number_of_keys_is_bounded() {
        let limiter = MemoryRateLimiter::with_capacity(1_000);
        for n in 0..10_000 {
            assert!(
                limiter
                    .acquire(&key(n), &Rate::per_minute(1), 1)
                    .await
                    .unwrap()
                    .granted
            );
        }
        assert!(limiter.key_count() <= 1_008, "{}", limiter.key_count());
    }

    #[tokio::test]
    async fn idle_keys_are_evicted_first() {
        let clock = Arc::new(ManualClock::new(Timestamp::EPOCH));
        let limiter = MemoryRateLimiter::with_capacity(160).with_clock(Arc::clone(&clock));
        let rate = Rate::per_minute(1);
        for n in 0..100 {
            limiter.acquire(&key(n), &rate, 1).await.unwrap();
        }
        clock.advance(Duration::from_secs(100));
        limiter.acquire(&key(1_000), &rate, 1).await.unwrap();
        for n in 200..230 {
            limiter.acquire(&key(n), &rate, 1).await.unwrap();
        }
        let decision = limiter.acquire(&key(1_000), &rate, 1).await.unwrap();
        assert!(!decision.granted);
    }
}
