use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::{Instant, sleep};

use super::{Driver, KafkaConsumer};
use crate::blocking::run_blocking;
use crate::error::Error;

/// The time for which a commit waits for the end of a rebalance. Each takes up to the
/// session timeout, and several may follow each other.
const REBALANCE_TIMEOUT: Duration = Duration::from_secs(30);
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// The answer to a commit.
enum Committed {
    Yes,
    /// The group is being rebalanced, so the consumer may have lost a partition.
    Rebalancing,
}

impl KafkaConsumer {
    /// Commits log positions, except in partitions that were lost.
    ///
    /// # Errors
    /// - [`Error::Unavailable`]: the group's coordinator does not respond, or the group was
    ///   rebalanced for 30 s.
    /// - [`Error::Rejected`]: the brokers rejected the commit.
    pub(super) async fn commit_ends(&mut self, ends: &BTreeMap<u32, u64>) -> Result<(), Error> {
        let driver = self.driver()?;
        let deadline = Instant::now() + REBALANCE_TIMEOUT;
        loop {
            let committable = self.committable(ends);
            if committable.is_empty() {
                return Ok(());
            }
            match self.commit_offsets(&driver, &committable).await? {
                Committed::Yes => {
                    for (partition, end) in committable {
                        if let Some(progress) = self.progress.get_mut(&partition) {
                            progress.record_committed(end);
                        }
                    }
                    return Ok(());
                }
                Committed::Rebalancing if Instant::now() >= deadline => {
                    return Err(Error::from_code(Code::RebalanceInProgress, None));
                }
                Committed::Rebalancing => {
                    // A rebalance ends only while its members receive their events.
                    self.hold(&driver)?;
                    sleep(RETRY_INTERVAL).await;
                }
            }
        }
    }

    /// Commits records that were set aside and that no later commit would cover soon.
    ///
    /// # Errors
    /// As for [`commit_ends`](Self::commit_ends).
    pub(super) async fn commit_set_aside(&mut self) -> Result<(), Error> {
        let ends: BTreeMap<u32, u64> = self
            .progress
            .iter()
            .filter_map(|(partition, progress)| {
                Some((*partition, progress.committable_set_aside()?))
            })
            .collect();
        if ends.is_empty() {
            return Ok(());
        }
        self.commit_ends(&ends).await?;
        let driver = self.driver()?;
        self.resume(&driver)
    }

    /// Returns the log positions to commit in the partitions that this consumer still has.
    fn committable(&self, ends: &BTreeMap<u32, u64>) -> BTreeMap<u32, u64> {
        let committable = ends.iter().filter_map(|(partition, end)| {
            let progress = self.progress.get(partition)?;
            let assignment = self.context.assignment(*partition)?;
            let end = progress.committable(*end)?;
            (progress.assignment == assignment).then_some((*partition, end))
        });
        committable.collect()
    }

    async fn commit_offsets(
        &self,
        driver: &Arc<Driver>,
        ends: &BTreeMap<u32, u64>,
    ) -> Result<Committed, Error> {
        let mut offsets = TopicPartitionList::with_capacity(ends.len());
        for (partition, end) in ends {
            // The offset of the next record is the log position of this one.
            let (Ok(partition), Ok(offset)) = (i32::try_from(*partition), i64::try_from(*end))
            else {
                continue;
            };
            offsets
                .add_partition_offset(self.settings.topic(), partition, Offset::Offset(offset))
                .map_err(|error| self.error(&error))?;
        }
        let (driver, context) = (Arc::clone(driver), self.context.client.clone());
        run_blocking(move || {
            let Err(error) = driver.commit(&offsets, CommitMode::Sync) else {
                context.record_success();
                return Ok(Committed::Yes);
            };
            match error.rdkafka_error_code() {
                Some(Code::NoOffset) => Ok(Committed::Yes),
                Some(
                    Code::RebalanceInProgress
                    | Code::IllegalGeneration
                    | Code::UnknownMemberId
                    | Code::StaleMemberEpoch
                    | Code::AssignmentLost,
                ) => Ok(Committed::Rebalancing),
                _ => Err(Error::from_kafka(&error, context.last_error())),
            }
        })
        .await
    }
}
