use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::backend::SlidingWindow;
use crate::limit::{LimitError, LimitKey, Permit, Quota, RateLimiter};
use crate::time::Timestamp;

/// So many that a million keys fill each shard's table almost to the size at which it would double, 7/8 of 65 536: with 16 the
/// tables would be twice as large, and half empty.
const SHARDS: usize = 18;

/// A [`RateLimiter`] within this process.
///
/// It remembers at most [`capacity`](Self::with_capacity) keys (about 40 bytes each), a million unless told otherwise. When
/// they do not fit any more, first those that are idle are forgotten, then some others: their count begins anew.
#[derive(Debug)]
pub struct MemoryRateLimiter {
    shards: Vec<Mutex<HashMap<u64, Counted>>>,
    hasher: RandomState,
    per_shard: usize,
}

/// The quota's period in seconds, to tell when a key is idle, beside its window.
#[derive(Debug, Default)]
struct Counted {
    window: SlidingWindow,
    period_seconds: u32,
}

impl MemoryRateLimiter {
    /// The number of keys remembered unless told otherwise.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;

    /// A limiter for up to a million keys.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// A limiter for up to `keys` keys, at least 18.
    #[must_use]
    pub fn with_capacity(keys: usize) -> Self {
        Self {
            shards: std::iter::repeat_with(Mutex::default)
                .take(SHARDS)
                .collect(),
            hasher: RandomState::new(),
            per_shard: keys.div_ceil(SHARDS).max(1),
        }
    }

    /// How many keys are remembered right now.
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
        quota: &Quota,
        now: Timestamp,
    ) -> Result<Permit, LimitError> {
        // A 64-bit digest with a secret of this process: nobody can aim at another's key.
        let digest = self.hasher.hash_one(key);
        let shard = usize::try_from(digest >> 32).unwrap_or(0) % SHARDS;
        let Some(shard) = self.shards.get(shard) else {
            return Ok(refused(quota));
        };
        let mut keys = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= self.per_shard && !keys.contains_key(&digest) {
            make_room(&mut keys, self.per_shard, now);
        }
        let counted = keys.entry(digest).or_default();
        counted.period_seconds = u32::try_from(quota.period().as_secs()).unwrap_or(u32::MAX);
        Ok(counted.window.acquire(quota, now))
    }
}

/// Forgets the idle keys, and if that is not enough, an eighth of the others.
fn make_room(keys: &mut HashMap<u64, Counted>, capacity: usize, now: Timestamp) {
    let is_idle = |counted: &Counted| {
        let period = Duration::from_secs(u64::from(counted.period_seconds));
        counted.window.is_idle(period, now)
    };
    let goal = capacity - capacity.div_ceil(8);
    // Into a new table: in the old one the places of those that went would stay marked, until it doubled for want of others.
    let all = std::mem::replace(keys, HashMap::with_capacity(capacity));
    let in_use = all.into_iter().filter(|(_, counted)| !is_idle(counted));
    keys.extend(in_use.take(goal));
}

fn refused(quota: &Quota) -> Permit {
    Permit {
        granted: false,
        remaining: 0,
        reset_after: quota.period(),
        retry_after: quota.period(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u32) -> LimitKey {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        LimitKey::from_bytes(bytes)
    }

    #[tokio::test]
    async fn a_million_keys_are_the_most() {
        let limiter = MemoryRateLimiter::with_capacity(1_000);
        for n in 0..10_000 {
            assert!(
                limiter
                    .acquire(&key(n), &Quota::per_minute(1), Timestamp::EPOCH)
                    .await
                    .unwrap()
                    .granted
            );
        }
        assert!(limiter.key_count() <= 1_008, "{}", limiter.key_count());
    }

    #[tokio::test]
    async fn idle_keys_make_room_before_busy_ones_do() {
        let limiter = MemoryRateLimiter::with_capacity(160);
        let quota = Quota::per_minute(1);
        for n in 0..100 {
            limiter
                .acquire(&key(n), &quota, Timestamp::EPOCH)
                .await
                .unwrap();
        }
        let later = Timestamp::EPOCH.saturating_add(Duration::from_secs(100));
        limiter.acquire(&key(1_000), &quota, later).await.unwrap();
        for n in 200..230 {
            limiter.acquire(&key(n), &quota, later).await.unwrap();
        }
        assert!(
            !limiter
                .acquire(&key(1_000), &quota, later)
                .await
                .unwrap()
                .granted
        );
    }
}
