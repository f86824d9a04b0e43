mod assignment;
mod membership;
mod owned_partition;
mod reading;
mod set_aside;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use redis::Value;
use tokio::time::{Instant, sleep};
use votify_core::queue::{DeliveredRecord, IDLE_TIMEOUT, QueueBatch, QueueConsumer, QueueError};

use super::entry::EntryId;
use super::error::Error;
use super::inner::{Inner, parse};
use super::scripts::{COMMIT, LEAVE};
use crate::error::NAME;
use membership::release;
use owned_partition::OwnedPartition;

/// Bounds of the time between two reads of empty logs. It doubles with each.
const MIN_IDLE: Duration = Duration::from_millis(2);
const MAX_IDLE: Duration = Duration::from_millis(50);

/// A consumer of a [`RedisQueue`](crate::RedisQueue).
///
/// A group shares the partitions by the list of its consumers, which each of them renews
/// ten times in a [lease](crate::RedisQueueConfig::lease). A partition changes its owner
/// once its records are committed, or after a lease. The owner has a lease in the
/// partition itself, which every call checks and renews. So a consumer that stalls for
/// longer cannot commit after another one took over.
///
/// Empty logs are read again after 2 to 50 ms.
///
/// Records that cannot be read, and those of [`set_aside`](QueueConsumer::set_aside), are
/// in the stream `votify:{queue:NAME:PARTITION}:dead` with the fields `id`, `reason` and
/// `v`, the value. A record may be there twice. Each stream keeps about 10 000 of them.
///
/// Dropping it gives its partitions up, if it is dropped in a tokio runtime. Otherwise they
/// are free after the lease.
pub struct RedisQueueConsumer {
    queue: Arc<Inner>,
    group: String,
    /// Random, unique among all consumers.
    member: String,
    lease: String,
    owned: BTreeMap<u32, OwnedPartition>,
    /// The partitions that belong to this consumer and still have another owner.
    missing: Vec<u32>,
    joined_at: Option<Instant>,
    /// The number of entries that were no records.
    unreadable: u64,
    /// The partition to read first, so that all get their share of small batches.
    first: u32,
}

impl RedisQueueConsumer {
    pub(super) async fn join(queue: Arc<Inner>, group: &str) -> Result<Self, Error> {
        let lease = queue.config.lease.as_millis().to_string();
        let mut consumer = Self {
            queue,
            group: group.to_owned(),
            member: format!("{:032x}", fastrand::u128(..)),
            lease,
            owned: BTreeMap::new(),
            missing: Vec::new(),
            joined_at: None,
            unreadable: 0,
            first: 0,
        };
        consumer.rebalance().await?;
        Ok(consumer)
    }

    fn arguments(&self) -> [&[u8]; 3] {
        [&self.group, &self.member, &self.lease].map(String::as_bytes)
    }

    /// Forgets a partition that another consumer has taken.
    fn lose(&mut self, partition: u32) {
        tracing::debug!(partition, "lost a partition of the queue");
        self.owned.remove(&partition);
        // The next rebalance finds out whether it comes back.
        self.joined_at = None;
    }

    /// Commits the partitions up to these log positions. Commits unreadable entries at the
    /// front of the others too.
    async fn commit_up_to(&mut self, ends: &BTreeMap<u32, u64>) -> Result<(), Error> {
        let commits = self.owned.iter().filter_map(|(partition, owned)| {
            let position = ends.get(partition).copied().unwrap_or(0);
            let (count, last) = owned.covered_by(position)?;
            Some(self.commit_partition(*partition, count, last))
        });
        let mut failure = None;
        for committed in join_all(commits).await {
            match committed {
                Ok((partition, count, Some(lag))) => {
                    if let Some(owned) = self.owned.get_mut(&partition) {
                        owned.remove_committed(count);
                        owned.lag = lag;
                    }
                }
                Ok((partition, _, None)) => self.lose(partition),
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Returns the partition, the number of committed entries, and the lag unless the
    /// partition has another owner.
    async fn commit_partition(
        &self,
        partition: u32,
        count: usize,
        last: EntryId,
    ) -> Result<(u32, usize, Option<u64>), Error> {
        let keys = [
            self.queue.keys.state(partition),
            self.queue.keys.log(partition),
        ];
        let (position, ordinal) = (last.position.to_string(), last.ordinal.to_string());
        let [group, member, lease] = self.arguments();
        let arguments = [
            group,
            member,
            lease,
            position.as_bytes(),
            ordinal.as_bytes(),
        ];
        let reply = self.queue.call(&COMMIT, &keys, &arguments).await?;
        let lag: Option<(u64,)> = parse_unless_empty(reply, "the lag")?;
        Ok((partition, count, lag.map(|(lag,)| lag)))
    }

    async fn try_next_batch(&mut self, max: usize) -> Result<QueueBatch, Error> {
        let mut idle = MIN_IDLE;
        let deadline = Instant::now() + IDLE_TIMEOUT;
        loop {
            self.rebalance().await?;
            let parts = self.read(max.max(1)).await?;
            self.set_unreadable_aside(&parts).await?;
            let has_unreadable = parts
                .iter()
                .flat_map(|part| &part.entries)
                .any(|entry| entry.content.is_err());
            let records = self.record_read(parts);
            if !records.is_empty() {
                return Ok(QueueBatch { records });
            }
            if has_unreadable {
                self.commit_up_to(&BTreeMap::new()).await?;
            }
            if Instant::now() >= deadline {
                return Ok(QueueBatch::default());
            }
            if has_unreadable {
                continue;
            }
            sleep(idle).await;
            idle = (idle * 2).min(MAX_IDLE);
        }
    }
}

/// Parses a reply, or returns `None` if it is empty: the partition has another owner.
fn parse_unless_empty<T: redis::FromRedisValue>(
    reply: Value,
    what: &'static str,
) -> Result<Option<T>, Error> {
    match &reply {
        Value::Array(values) if values.is_empty() => Ok(None),
        _ => parse(reply, what).map(Some),
    }
}

impl Drop for RedisQueueConsumer {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (queue, group) = (Arc::clone(&self.queue), std::mem::take(&mut self.group));
        let (member, owned) = (
            std::mem::take(&mut self.member),
            std::mem::take(&mut self.owned),
        );
        let release = async move {
            let key = queue.keys.members(&group);
            if let Err(error) = queue.call(&LEAVE, &[key], &[member.as_bytes()]).await {
                tracing::debug!(%error, "failed to leave the consumer group");
            }
            let partitions: Vec<u32> = owned.into_keys().collect();
            release(&queue, &group, &member, &partitions).await;
        };
        self.queue.releases.spawn_on(release, &runtime);
    }
}

impl fmt::Debug for RedisQueueConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisQueueConsumer")
            .field("redis", &self.queue.redis)
            .field("group", &self.group)
            .field("partitions", &self.owned.keys())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl QueueConsumer for RedisQueueConsumer {
    fn backend(&self) -> &'static str {
        NAME
    }

    async fn next_batch(&mut self, max: usize) -> Result<QueueBatch, QueueError> {
        let batch = self.try_next_batch(max).await;
        batch.map_err(Error::into_queue_error)
    }

    async fn commit(&mut self, batch: &QueueBatch) -> Result<(), QueueError> {
        let committed = self.commit_up_to(&batch.ends()).await;
        committed.map_err(Error::into_queue_error)
    }

    async fn set_aside(
        &mut self,
        records: &[DeliveredRecord],
        reason: &str,
    ) -> Result<(), QueueError> {
        let stored = self.set_records_aside(records, reason).await;
        stored.map_err(Error::into_queue_error)
    }

    async fn keep_alive(&mut self) -> Result<(), QueueError> {
        let kept = async {
            self.renew().await?;
            self.rebalance().await
        };
        kept.await.map_err(Error::into_queue_error)
    }

    fn lag(&self) -> u64 {
        self.owned.values().map(|owned| owned.lag).sum()
    }

    fn unreadable(&self) -> u64 {
        self.unreadable
    }
}
