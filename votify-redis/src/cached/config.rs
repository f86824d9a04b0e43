use std::time::Duration;

/// The configuration of a [`CachedStore`](crate::CachedStore).
///
/// ```
/// use std::time::Duration;
/// use votify_redis::CacheConfig;
///
/// let config = CacheConfig { lease: Duration::from_millis(300), ..CacheConfig::default() };
/// assert_eq!(config.timeout, Duration::from_millis(150));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// The time for which a cached poll is valid without a read of the store. Defaults to
    /// 1 s; between 1 ms and 10 s.
    ///
    /// Use the same value on all instances. While Redis is unreachable, closing, editing,
    /// repairing and deleting a poll takes one lease longer.
    pub lease: Duration,
    /// Time to live of the keys in Redis after their last write. Defaults to 1 h; between
    /// 1 minute and 7 days.
    pub ttl: Duration,
    /// Maximum time that a call waits for Redis before it uses the store. Defaults to 150
    /// ms; between 1 ms and 2 s.
    pub timeout: Duration,
    /// Number of polls whose last answer each instance remembers. Defaults to 10 000; at
    /// least 100.
    pub polls: usize,
    /// Maximum number of voters that wait to be written to Redis. Further voters are
    /// written when they vote again. Defaults to 100 000.
    pub max_pending_voters: usize,
}

impl CacheConfig {
    /// Clamps all values to their bounds.
    pub(super) fn normalized(mut self) -> Self {
        let (milli, second) = (Duration::from_millis(1), Duration::from_secs(1));
        self.lease = self.lease.clamp(milli, 10 * second);
        self.ttl = self.ttl.clamp(60 * second, 7 * 24 * 3600 * second);
        self.timeout = self.timeout.clamp(milli, 2 * second);
        self.polls = self.polls.max(100);
        self
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(1),
            ttl: Duration::from_secs(3600),
            timeout: Duration::from_millis(150),
            polls: 10_000,
            max_pending_voters: 100_000,
        }
    }
}
