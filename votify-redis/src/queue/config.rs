use std::time::Duration;

use super::error::Error;

/// Settings of a [`RedisQueue`](crate::RedisQueue).
///
/// ```
/// use votify_redis::RedisQueueConfig;
///
/// let config = RedisQueueConfig {
///     name: "election".to_owned(),
///     partitions: Some(32),
///     ..RedisQueueConfig::default()
/// };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisQueueConfig {
    /// The name of the queue: 1 to 64 ASCII letters, digits, `-`, `_` or `.`. Defaults to
    /// `votes`.
    pub name: String,
    /// The number of partitions, 1 to 1 024. It never changes: opening a queue that has
    /// another number fails. `None`, the default, accepts the number of an existing queue
    /// and creates a queue with 8.
    ///
    /// A poll is in one partition. More partitions than consumers spread the polls better.
    pub partitions: Option<u32>,
    /// The maximum number of records in one partition that some group has not committed.
    /// Further records are rejected as [`Full`](votify_core::queue::QueueError::Full).
    /// Defaults to 250 000. A vote for one option takes about 130 bytes of memory.
    pub max_records: u32,
    /// How long a partition stays with a consumer that does not answer. Clamped to 1 s to
    /// 60 s. Defaults to 10 s.
    pub lease: Duration,
}

impl RedisQueueConfig {
    pub(super) const DEFAULT_PARTITIONS: u32 = 8;
    pub(super) const MAX_PARTITIONS: u32 = 1_024;

    pub(super) fn check(mut self) -> Result<Self, Error> {
        check_name(&self.name)?;
        if let Some(partitions) = self.partitions
            && !(1..=Self::MAX_PARTITIONS).contains(&partitions)
        {
            return Err(Error::InvalidPartitions(partitions));
        }
        let (min, max) = (Duration::from_secs(1), Duration::from_secs(60));
        self.lease = self.lease.clamp(min, max);
        Ok(self)
    }
}

impl Default for RedisQueueConfig {
    fn default() -> Self {
        Self {
            name: "votes".to_owned(),
            partitions: None,
            max_records: 250_000,
            lease: Duration::from_secs(10),
        }
    }
}

/// Checks the name of a queue or a group, which is a part of keys and fields.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(Error::InvalidName)
}
