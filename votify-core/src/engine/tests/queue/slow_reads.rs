//! A consumer whose reads are slow.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;

use super::QueueHarness;
use crate::engine::Aggregator;
use crate::engine::tests::first_option;
use crate::memory::MemoryQueueConsumer;
use crate::queue::{DeliveredRecord, QueueBatch, QueueConsumer, QueueError};

/// Begins each read with a step that takes longer than the time in which an idle consumer
/// returns.
#[derive(Debug)]
struct SlowConsumer(MemoryQueueConsumer);

#[async_trait]
impl QueueConsumer for SlowConsumer {
    fn backend(&self) -> &'static str {
        self.0.backend()
    }

    async fn next_batch(&mut self, max: usize) -> Result<QueueBatch, QueueError> {
        sleep(Duration::from_millis(1_500)).await;
        self.0.next_batch(max).await
    }

    async fn commit(&mut self, batch: &QueueBatch) -> Result<(), QueueError> {
        self.0.commit(batch).await
    }

    async fn set_aside(
        &mut self,
        records: &[DeliveredRecord],
        reason: &str,
    ) -> Result<(), QueueError> {
        self.0.set_aside(records, reason).await
    }

    async fn keep_alive(&mut self) -> Result<(), QueueError> {
        self.0.keep_alive().await
    }

    fn lag(&self) -> u64 {
        self.0.lag()
    }
}

#[tokio::test]
async fn slow_reads_end_and_are_counted() {
    let harness = QueueHarness::new();
    let poll = harness.harness.create_poll().await;
    harness.cast(poll.id, 1, 1, first_option(&poll)).await;
    let consumer = SlowConsumer(harness.queue.consumer("votify"));
    let aggregator = Aggregator::new(&harness.harness.engine, consumer);
    tokio::spawn(aggregator.run());
    harness.wait_for_votes(poll.id, 1).await;
}
