use std::time::Duration;

/// The engine's bounds and rhythms.
///
/// ```
/// use votify_core::engine::EngineConfig;
///
/// let config = EngineConfig { writers: 4, ..EngineConfig::default() };
/// # assert_eq!(config.tick.as_millis(), 50);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// How many ballots of one poll may wait for each writer while no other poll's do; one more is `Overloaded`. Of all polls
    /// together twice as many may wait: where several are hot, each gets less, and one that is not always finds room. Default 32 768.
    pub max_queued_ballots: usize,
    /// The most ballots written together; fewer while the store is slow. Every poll with waiting ballots has its share. Default 4 096.
    pub max_batch_size: usize,
    /// How many batches are written at once; a poll's ballots always take the same writer. Default 1, which is right for
    /// SQLite; for a database server about half of the connection pool.
    pub writers: usize,
    /// How long a call of the store or the broadcaster may take before it is `Unavailable`. Default 4 s.
    pub store_timeout: Duration,
    /// The least time between two updates of one poll, to viewers and to other nodes. Default 50 ms.
    pub update_interval: Duration,
    /// The most time between two updates of a poll that changes all the time, to viewers. In between it is twice as long as an
    /// update takes to reach all of them: the more viewers and the more other work there are, the slower. At least
    /// [`tick`](Self::tick). Default 1 s.
    pub max_update_interval: Duration,
    /// How often watched polls are read anew from the store, in case news was lost. Default 1 s.
    pub resync_interval: Duration,
    /// How often the store is asked for polls that open or close soon. Default 5 s.
    pub schedule_interval: Duration,
    /// How many poll definitions are kept at hand. Default 10 000.
    pub poll_cache_capacity: usize,
    /// How many events a slow listener may fall behind. Default 4 096.
    pub event_buffer: usize,
}

impl EngineConfig {
    /// The same with rhythms of at least a millisecond, which is the shortest that can be kept.
    pub(super) fn in_bounds(mut self) -> Self {
        let least = Duration::from_millis(1);
        for rhythm in [
            &mut self.update_interval,
            &mut self.resync_interval,
            &mut self.schedule_interval,
            &mut self.store_timeout,
        ] {
            *rhythm = (*rhythm).max(least);
        }
        self.max_update_interval = self.max_update_interval.max(self.update_interval);
        self
    }
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            max_queued_ballots: 32_768,
            max_batch_size: 4_096,
            writers: 1,
            store_timeout: Duration::from_secs(4),
            update_interval: Duration::from_millis(50),
            max_update_interval: Duration::from_secs(1),
            resync_interval: Duration::from_secs(1),
            schedule_interval: Duration::from_secs(5),
            poll_cache_capacity: 10_000,
            event_buffer: 4_096,
        }
    }
}
