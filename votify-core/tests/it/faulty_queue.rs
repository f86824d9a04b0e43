//! Queues with one fault each, and the same queue without a fault.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use votify_core::conformance::{Fixture, QUEUE_CASES, QueueFixture, QueueInstance, check_queue};
use votify_core::queue::{
    BallotQueue, BallotRecord, CloseMarker, DeliveredRecord, QueueBatch, QueueConsumer, QueueError,
    QueueRecord,
};
use votify_core::{MemoryQueue, Timestamp};

use crate::assert_detected;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Acknowledges every tenth ballot without storing it.
    LostRecords,
    /// Stores the records of a call in the opposite order.
    ReversedCalls,
    /// Stores times in whole seconds.
    TruncatedTimes,
    /// Does not store addresses.
    ForgottenAddresses,
    /// Counts log positions from the first delivery of each consumer.
    PositionsOfDeliveries,
    /// Commits records when it delivers them.
    CommitsOnDelivery,
    /// Ignores commits.
    IgnoredCommits,
    /// Delivers the markers of a batch before its ballots.
    MarkersFirst,
    /// Gives every consumer all partitions.
    UnsharedPartitions,
    /// Loses the records of a dropped call.
    LossyDrops,
}

#[derive(Debug, Clone)]
struct FaultyQueue {
    inner: MemoryQueue,
    fault: Option<Fault>,
    consumers: Arc<AtomicU64>,
}

impl FaultyQueue {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

#[async_trait]
impl BallotQueue for FaultyQueue {
    fn backend(&self) -> &'static str {
        "faulty"
    }

    fn delivery_timeout(&self) -> Duration {
        self.inner.delivery_timeout()
    }

    async fn enqueue(&self, ballots: &[BallotRecord]) -> Vec<Result<(), QueueError>> {
        let mut stored = ballots.to_vec();
        for record in &mut stored {
            if self.has(Fault::TruncatedTimes) {
                let micros = record.accepted_at.as_micros();
                record.accepted_at = Timestamp::from_micros(micros - micros % 1_000_000).unwrap();
            }
            if self.has(Fault::ForgottenAddresses) {
                record.ballot.address = None;
            }
        }
        if self.has(Fault::ReversedCalls) {
            stored.reverse();
        }
        if self.has(Fault::LostRecords) {
            let last_byte = |record: &BallotRecord| record.ballot.id.as_bytes()[15];
            stored.retain(|record| last_byte(record) % 10 != 9);
        }
        for result in self.inner.enqueue(&stored).await {
            result.unwrap();
        }
        ballots.iter().map(|_| Ok(())).collect()
    }

    async fn enqueue_close(&self, markers: &[CloseMarker]) -> Vec<Result<(), QueueError>> {
        self.inner.enqueue_close(markers).await
    }

    async fn check_ready(&self) -> Result<(), QueueError> {
        self.inner.check_ready().await
    }
}

#[async_trait]
impl QueueInstance for FaultyQueue {
    fn queue(&self) -> Arc<dyn BallotQueue> {
        Arc::new(self.clone())
    }

    async fn consumer(&self, group: &str) -> Box<dyn QueueConsumer> {
        let number = self.consumers.fetch_add(1, Ordering::Relaxed);
        let group = match self.fault {
            Some(Fault::UnsharedPartitions) => format!("{group} {number}"),
            _ => group.to_owned(),
        };
        Box::new(FaultyConsumer {
            inner: Box::new(self.inner.consumer(&group)),
            fault: self.fault,
            delivered: 0,
        })
    }
}

#[derive(Debug)]
struct FaultyConsumer {
    inner: Box<dyn QueueConsumer>,
    fault: Option<Fault>,
    delivered: u64,
}

#[async_trait]
impl QueueConsumer for FaultyConsumer {
    fn backend(&self) -> &'static str {
        "faulty"
    }

    async fn next_batch(&mut self, max: usize) -> Result<QueueBatch, QueueError> {
        let mut batch = self.inner.next_batch(max).await?;
        match self.fault {
            Some(Fault::CommitsOnDelivery) => self.inner.commit(&batch).await?,
            Some(Fault::LossyDrops) => tokio::task::yield_now().await,
            Some(Fault::MarkersFirst) => batch
                .records
                .sort_by_key(|delivered| matches!(delivered.record, QueueRecord::Ballot(_))),
            Some(Fault::PositionsOfDeliveries) => {
                for delivered in &mut batch.records {
                    self.delivered += 1;
                    delivered.source.log_position = self.delivered;
                }
            }
            _ => {}
        }
        Ok(batch)
    }

    async fn commit(&mut self, batch: &QueueBatch) -> Result<(), QueueError> {
        if self.fault == Some(Fault::IgnoredCommits) {
            return Ok(());
        }
        self.inner.commit(batch).await
    }

    async fn set_aside(
        &mut self,
        records: &[DeliveredRecord],
        reason: &str,
    ) -> Result<(), QueueError> {
        self.inner.set_aside(records, reason).await
    }

    async fn keep_alive(&mut self) -> Result<(), QueueError> {
        self.inner.keep_alive().await
    }

    fn lag(&self) -> u64 {
        self.inner.lag()
    }
}

struct WithFault(Option<Fault>);

#[async_trait]
impl QueueFixture for WithFault {
    async fn fresh(&self) -> Fixture<dyn QueueInstance> {
        Fixture::<dyn QueueInstance>::new(Arc::new(FaultyQueue {
            inner: MemoryQueue::new(),
            fault: self.0,
            consumers: Arc::default(),
        }))
    }
}

/// Asserts that the case fails with the fault. `without_fault` shows that it passes without.
fn assert_case_detects(case: &str, fault: Fault) {
    assert!(
        QUEUE_CASES.iter().any(|known| known.name == case),
        "there is no case named {case}"
    );
    assert_detected(case, fault, || check_queue(&WithFault(Some(fault)), case));
}

macro_rules! fault_tests {
    ($($test:ident: $fault:ident by $case:ident;)*) => {
        $(
            #[test]
            fn $test() {
                assert_case_detects(stringify!($case), Fault::$fault);
            }
        )*
    };
}

fault_tests! {
    lost_records_are_detected: LostRecords by results_follow_record_order;
    reversed_calls_are_detected: ReversedCalls by polls_keep_their_order;
    truncated_times_are_detected: TruncatedTimes by records_arrive_unchanged;
    forgotten_addresses_are_detected: ForgottenAddresses by records_arrive_unchanged;
    renumbered_records_are_detected: PositionsOfDeliveries by partial_commits_are_respected;
    early_commits_are_detected:
        CommitsOnDelivery by uncommitted_records_are_delivered_again;
    ignored_commits_are_detected:
        IgnoredCommits by committed_records_are_not_delivered_again;
    early_markers_are_detected: MarkersFirst by markers_stay_behind_earlier_ballots;
    unshared_partitions_are_detected:
        UnsharedPartitions by partitions_of_an_ended_consumer_are_taken_over;
    lossy_drops_are_detected: LossyDrops by dropped_reads_lose_nothing;
}

mod without_fault {
    use super::WithFault;

    votify_core::queue_conformance!(WithFault(None));
}
