use std::time::Duration;

/// The lives, bounds and patience of a [`CachedStore`](crate::CachedStore).
///
/// ```
/// use std::time::Duration;
/// use votify_redis::CacheConfig;
///
/// let config = CacheConfig { lease: Duration::from_millis(300), ..CacheConfig::default() };
/// # assert_eq!(config.patience.as_millis(), 150);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// For how long an answer may rely on what the store was seen to hold. The same on all instances, or the longest of
    /// them on each. Default 1 s; between 1 ms and 10 s.
    ///
    /// It is also how much longer closing, editing, repairing or deleting a poll takes while Redis cannot be told.
    pub lease: Duration,
    /// How long Redis keeps what nobody renews: every key expires. Default 1 h; between 1 minute and 7 days.
    pub life: Duration,
    /// How long a call may wait for Redis before it goes on without. Default 150 ms; between 1 ms and 2 s.
    pub patience: Duration,
    /// Of how many polls an instance keeps in mind what it was told last. Default 10 000; at least 100.
    pub polls: usize,
    /// How many voters may wait to be made known to Redis; more than these are made known when they vote again. Default
    /// 100 000.
    pub waiting: usize,
}

impl CacheConfig {
    pub(super) fn in_bounds(mut self) -> Self {
        let (milli, second) = (Duration::from_millis(1), Duration::from_secs(1));
        self.lease = self.lease.clamp(milli, 10 * second);
        self.life = self.life.clamp(60 * second, 7 * 24 * 3600 * second);
        self.patience = self.patience.clamp(milli, 2 * second);
        self.polls = self.polls.max(100);
        self
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(1),
            life: Duration::from_secs(3600),
            patience: Duration::from_millis(150),
            polls: 10_000,
            waiting: 100_000,
        }
    }
}
