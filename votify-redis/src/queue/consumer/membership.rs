use futures_util::future::join_all;
use tokio::time::Instant;

use super::assignment::is_assigned;
use super::owned_partition::OwnedPartition;
use super::{RedisQueueConsumer, parse_unless_empty};
use crate::queue::entry::EntryId;
use crate::queue::error::Error;
use crate::queue::scripts::{ACQUIRE, JOIN, RELEASE, RENEW};
use crate::queue::{Inner, parse};

impl RedisQueueConsumer {
    /// Renews the membership ten times in a lease, and gives up and takes partitions
    /// according to the list of members. Cancel safe: a partition that was taken and not
    /// recorded is taken again.
    pub(super) async fn rebalance(&mut self) -> Result<(), Error> {
        let interval = self.queue.config.lease / 10;
        if self.joined_at.is_none_or(|at| at.elapsed() >= interval) {
            let started = Instant::now();
            let key = self.queue.keys.members(&self.group);
            let arguments = [self.member.as_bytes(), self.lease.as_bytes()];
            let reply = self.queue.call(&JOIN, &[key], &arguments).await?;
            let mut members: Vec<String> = parse(reply, "the consumers")?;
            members.sort_unstable();
            self.release_others(&members).await;
            self.missing = (0..self.queue.partitions)
                .filter(|partition| is_assigned(*partition, &self.member, &members))
                .filter(|partition| !self.owned.contains_key(partition))
                .collect();
            self.joined_at = Some(started);
        }
        if !self.missing.is_empty() {
            self.acquire_missing().await?;
        }
        Ok(())
    }

    /// Gives up the partitions of others: at once, or a lease after they were first wanted
    /// if records were delivered and not committed.
    async fn release_others(&mut self, members: &[String]) {
        let lease = self.queue.config.lease;
        let mut released = Vec::new();
        for (partition, owned) in &mut self.owned {
            if is_assigned(*partition, &self.member, members) {
                owned.wanted_since = None;
                continue;
            }
            let since = *owned.wanted_since.get_or_insert_with(Instant::now);
            if !owned.has_uncommitted() || since.elapsed() >= lease {
                released.push(*partition);
            }
        }
        // After an error, the partition is free at the end of its lease.
        release(&self.queue, &self.group, &self.member, &released).await;
        for partition in released {
            self.owned.remove(&partition);
        }
    }

    async fn acquire_missing(&mut self) -> Result<(), Error> {
        let acquires = self.missing.iter().map(|partition| async {
            let keys = [
                self.queue.keys.state(*partition),
                self.queue.keys.log(*partition),
            ];
            let reply = self.queue.call(&ACQUIRE, &keys, &self.arguments()).await?;
            let found: Option<(u64, u64, u64)> = parse_unless_empty(reply, "a commit")?;
            Ok::<_, Error>((*partition, found))
        });
        let mut failure = None;
        for acquired in join_all(acquires).await {
            match acquired {
                Ok((partition, Some((position, ordinal, lag)))) => {
                    self.missing.retain(|missing| *missing != partition);
                    let committed = EntryId { position, ordinal };
                    self.owned
                        .insert(partition, OwnedPartition::new(committed, lag));
                }
                Ok((_, None)) => {}
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Renews the leases of the owned partitions.
    pub(super) async fn renew(&mut self) -> Result<(), Error> {
        let renewals = self.owned.keys().map(|partition| async {
            let key = self.queue.keys.state(*partition);
            let reply = self.queue.call(&RENEW, &[key], &self.arguments()).await?;
            let lag: Option<(u64,)> = parse_unless_empty(reply, "the lag")?;
            Ok::<_, Error>((*partition, lag))
        });
        let mut failure = None;
        for renewed in join_all(renewals).await {
            match renewed {
                Ok((partition, Some((lag,)))) => {
                    if let Some(owned) = self.owned.get_mut(&partition) {
                        owned.lag = lag;
                    }
                }
                Ok((partition, None)) => self.lose(partition),
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

/// Gives partitions up. Errors are only logged: the partitions are free after the lease.
pub(super) async fn release(queue: &Inner, group: &str, member: &str, partitions: &[u32]) {
    let releases = partitions.iter().map(|partition| async {
        let key = queue.keys.state(*partition);
        let arguments = [group, member].map(str::as_bytes);
        queue.call(&RELEASE, &[key], &arguments).await
    });
    for released in join_all(releases).await {
        if let Err(error) = released {
            tracing::debug!(%error, "failed to give up a partition of the queue");
        }
    }
}
