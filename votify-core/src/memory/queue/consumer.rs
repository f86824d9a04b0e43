use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::{Instant, timeout_at};

use super::BACKEND;
use super::log::{Log, Progress};
use crate::queue::{DeliveredRecord, IDLE_TIMEOUT, QueueBatch, QueueConsumer, QueueError};

/// A consumer of a [`MemoryQueue`](crate::MemoryQueue). Dropping it leaves its group.
pub struct MemoryQueueConsumer {
    log: Arc<Log>,
    group: String,
    member: u64,
    progress: Progress,
}

impl MemoryQueueConsumer {
    pub(super) fn join(log: Arc<Log>, group: &str) -> Self {
        Self {
            member: log.join(group),
            log,
            group: group.to_owned(),
            progress: Progress::default(),
        }
    }
}

impl fmt::Debug for MemoryQueueConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryQueueConsumer")
            .field("group", &self.group)
            .field("member", &self.member)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

impl Drop for MemoryQueueConsumer {
    fn drop(&mut self) {
        self.log.leave(&self.group, self.member);
    }
}

#[async_trait]
impl QueueConsumer for MemoryQueueConsumer {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    async fn next_batch(&mut self, max: usize) -> Result<QueueBatch, QueueError> {
        let deadline = Instant::now() + IDLE_TIMEOUT;
        loop {
            let mut changed = pin!(self.log.changed.notified());
            // Registered before the log is read, so that no change is missed.
            changed.as_mut().enable();
            let (group, progress) = (&self.group, &mut self.progress);
            let records = self.log.read(group, self.member, progress, max.max(1));
            if !records.is_empty() || Instant::now() >= deadline {
                return Ok(QueueBatch { records });
            }
            // At the deadline the log is read once more.
            let _ = timeout_at(deadline, changed).await;
        }
    }

    async fn commit(&mut self, batch: &QueueBatch) -> Result<(), QueueError> {
        self.log.commit(&self.group, self.member, &batch.ends());
        Ok(())
    }

    async fn set_aside(
        &mut self,
        records: &[DeliveredRecord],
        reason: &str,
    ) -> Result<(), QueueError> {
        self.log.set_aside(records, reason);
        Ok(())
    }

    async fn keep_alive(&mut self) -> Result<(), QueueError> {
        Ok(())
    }

    fn lag(&self) -> u64 {
        self.log.lag(&self.group, self.member)
    }
}
