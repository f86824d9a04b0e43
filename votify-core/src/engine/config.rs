use std::time::Duration;

/// Maximum number of votes in the sample of an update or frame.
pub(super) const MAX_VOTE_SAMPLE: usize = 32;

/// Limits and intervals of an engine.
///
/// ```
/// use std::time::Duration;
/// use votify_core::engine::EngineConfig;
/// use votify_core::{MemoryStore, PollEngine};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let config = EngineConfig {
///     writers: 4,
///     update_interval: Duration::from_millis(100),
///     ..EngineConfig::default()
/// };
/// let engine = PollEngine::builder(MemoryStore::new()).config(config).build();
/// # let _ = engine;
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// Maximum queued ballots of one poll; more are rejected with
    /// [`Overloaded`](crate::EngineError::Overloaded). Defaults to 32 768 ballots.
    ///
    /// All polls of a writer together may queue twice as many. If several polls are busy,
    /// each gets less, so that other polls always find capacity.
    pub max_queued_ballots: usize,
    /// Maximum ballots per batch. Defaults to 4 096 ballots.
    ///
    /// Batches get smaller while the store is slow. Each poll with queued ballots has its
    /// share of a batch.
    pub max_batch_size: usize,
    /// Number of batches that are written concurrently. Defaults to 1 batch.
    ///
    /// All ballots of a poll use the same writer. One is right for SQLite. For a database
    /// server use one per core, at most 4: more writers than cores gained nothing, and
    /// the store's pool of 10 connections also serves reads.
    pub writers: usize,
    /// Maximum duration of a call of the store or the broadcaster; a longer one fails
    /// with `Unavailable`. Defaults to 4 s, at least 1 ms.
    pub store_timeout: Duration,
    /// Minimum time between two updates of one poll, to viewers and to other instances.
    /// Defaults to 50 ms, at least 1 ms.
    pub update_interval: Duration,
    /// Maximum time between two updates to the viewers of a poll that changes all the
    /// time. Defaults to 1 s, at least [`update_interval`](Self::update_interval).
    ///
    /// Between the two limits, the interval is twice the delivery time, which is the time
    /// from the first viewer's frame to the last one's. It grows with the number of
    /// viewers and with the load of the machine.
    pub max_update_interval: Duration,
    /// The time between two reads of the watched polls from the store, in case updates
    /// were lost. Defaults to 1 s, at least 1 ms.
    ///
    /// Viewers see a lost update within twice this time.
    pub resync_interval: Duration,
    /// The time between two queries for polls that open or close soon. Defaults to 5 s,
    /// at least 1 ms.
    pub schedule_interval: Duration,
    /// The largest expected difference between the clocks of two engines. With a queue, a
    /// poll is closed this long after no ballot that was accepted in time can enter the
    /// queue any more. Defaults to 5 s, the difference above which an engine closes no poll
    /// by its clock.
    pub clock_skew: Duration,
    /// Maximum number of cached poll definitions. Defaults to 10 000 polls.
    pub poll_cache_capacity: usize,
    /// Maximum number of events that a receiver may lag behind. Defaults to 4 096 events,
    /// at least 1.
    pub event_buffer: usize,
}

impl EngineConfig {
    /// Raises intervals below 1 ms to 1 ms, the resolution of the timers, and
    /// `max_update_interval` to `update_interval`.
    pub(super) fn normalized(mut self) -> Self {
        let min = Duration::from_millis(1);
        for interval in [
            &mut self.update_interval,
            &mut self.resync_interval,
            &mut self.schedule_interval,
            &mut self.store_timeout,
        ] {
            *interval = (*interval).max(min);
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
            clock_skew: Duration::from_secs(5),
            poll_cache_capacity: 10_000,
            event_buffer: 4_096,
        }
    }
}
