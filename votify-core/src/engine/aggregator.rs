//! Counts the ballots of a queue.

mod batch;
mod close;
mod metrics;
mod pause;

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::backend::LogThrottle;
use crate::engine::PollEngine;
use crate::engine::batcher::BatchSizer;
use crate::queue::{DeliveredRecord, QueueBatch, QueueConsumer, QueueError, QueueRecord};
use close::AnnouncedCloses;
pub use metrics::{AggregatorMetrics, AggregatorStats};
use pause::Backoff;

/// The time between two warnings about a call of the queue that has not ended.
const SLOW_READ: Duration = Duration::from_secs(10);

/// Counts the ballots of a queue: reads batches, casts them through the store of an engine,
/// and commits them after the store has.
///
/// Each ballot is decided as of its time of acceptance. A poll is sealed when its close
/// marker is read, never by a clock. New tallies and closings reach viewers as those of the
/// engine do, on all instances.
///
/// Several aggregators, in several processes, share the partitions of one consumer group.
/// Whatever is delivered twice changes nothing, because ballots have ids and log positions.
/// While the store is away, the aggregator commits nothing and reads no further; it goes on
/// by itself.
#[derive(Debug)]
pub struct Aggregator {
    engine: PollEngine,
    consumer: Box<dyn QueueConsumer>,
    metrics: AggregatorMetrics,
    announced: AnnouncedCloses,
    throttle: LogThrottle,
    sizer: BatchSizer,
    shutdown: CancellationToken,
}

impl Aggregator {
    /// Creates an aggregator that casts through the store of `engine`, in batches of at most
    /// its [`max_batch_size`](crate::engine::EngineConfig::max_batch_size).
    #[must_use]
    pub fn new(engine: &PollEngine, consumer: impl QueueConsumer) -> Self {
        let config = &engine.inner.config;
        Self {
            sizer: BatchSizer::new(config.max_batch_size.max(1), config.store_timeout / 8),
            shutdown: engine.inner.stop_writers.clone(),
            engine: engine.clone(),
            consumer: Box::new(consumer),
            metrics: AggregatorMetrics::default(),
            announced: AnnouncedCloses::default(),
            throttle: LogThrottle::default(),
        }
    }

    /// Returns a handle to the metrics, which stays valid while the aggregator runs.
    #[must_use]
    pub fn metrics(&self) -> AggregatorMetrics {
        self.metrics.clone()
    }

    /// Counts ballots until the engine shuts down.
    ///
    /// A shutdown ends after the current batch, or at once while the store is away. Cancel
    /// safe: what was not committed is delivered again.
    pub async fn run(mut self) {
        let shutdown = self.shutdown.clone();
        while let Some(batch) = shutdown.run_until_cancelled(self.next_batch()).await {
            if self.process(&batch).await.is_break() {
                return;
            }
        }
    }

    async fn next_batch(&mut self) -> QueueBatch {
        let max = self.engine.inner.config.max_batch_size.max(1);
        let mut backoff = Backoff::default();
        loop {
            self.metrics.record_lag(self.consumer.lag());
            self.metrics.record_unreadable(self.consumer.unreadable());
            match self.read(max).await {
                Ok(batch) if batch.records.is_empty() => backoff = Backoff::default(),
                Ok(batch) => return batch,
                Err(error) => {
                    self.log_queue_failure("read", &error);
                    tokio::time::sleep(backoff.next()).await;
                }
            }
        }
    }

    /// Reads one batch, which may be empty.
    ///
    /// The call is not dropped, however long it takes: it would begin again, and a step that
    /// is slow each time would never end.
    async fn read(&mut self, max: usize) -> Result<QueueBatch, QueueError> {
        let started = Instant::now();
        let mut read = self.consumer.next_batch(max);
        loop {
            match timeout(SLOW_READ, &mut read).await {
                Ok(result) => return result,
                Err(_) => tracing::warn!(
                    seconds = started.elapsed().as_secs(),
                    "the queue has not responded; no votes are counted until then"
                ),
            }
        }
    }

    /// Casts the ballots of a batch and closes the polls of its markers, in order, and
    /// commits the batch.
    async fn process(&mut self, batch: &QueueBatch) -> ControlFlow<()> {
        self.metrics.record_batch(batch, self.engine.now());
        self.metrics.record_unreadable(self.consumer.unreadable());
        let mut ballots: Vec<&DeliveredRecord> = Vec::with_capacity(batch.records.len());
        for delivered in &batch.records {
            match &delivered.record {
                QueueRecord::Ballot(_) => ballots.push(delivered),
                QueueRecord::Close(marker) => {
                    // The marker is behind these ballots, some of which may be its poll's.
                    self.cast(std::mem::take(&mut ballots)).await?;
                    self.close(delivered, marker).await?;
                }
            }
        }
        self.cast(ballots).await?;
        match self.consumer.commit(batch).await {
            Ok(()) if self.throttle.record_success() => {
                tracing::info!("queued votes are counted again");
            }
            Ok(()) => {}
            // The next commit covers this batch. Until then it may be delivered again.
            Err(error) => self.log_queue_failure("commit", &error),
        }
        self.metrics.record_lag(self.consumer.lag());
        ControlFlow::Continue(())
    }

    /// Moves records aside that the store cannot take, so that they block nothing.
    async fn set_aside(&mut self, records: Vec<DeliveredRecord>, reason: &str) -> ControlFlow<()> {
        let mut backoff = Backoff::default();
        tracing::error!(
            records = records.len(),
            reason,
            "the store cannot take these votes; they are set aside"
        );
        loop {
            match self.consumer.set_aside(&records, reason).await {
                Ok(()) => {
                    self.metrics.record_set_aside(records.len());
                    return ControlFlow::Continue(());
                }
                Err(error) => self.log_queue_failure("set records aside in", &error),
            }
            self.pause(backoff.next()).await?;
        }
    }

    fn log_queue_failure(&self, action: &str, error: &QueueError) {
        if let Some(failures) = self.throttle.record_failure() {
            tracing::warn!(
                failures,
                error = error as &dyn std::error::Error,
                "failed to {action} the queue; will retry"
            );
        }
    }

    /// Waits for the store, and keeps the membership in the consumer group meanwhile.
    /// Breaks if the engine shuts down.
    async fn pause(&mut self, duration: Duration) -> ControlFlow<()> {
        let shutdown = self.shutdown.clone();
        self.metrics.set_paused(true);
        self.metrics.record_lag(self.consumer.lag());
        let wait = pause::pause(&mut *self.consumer, duration);
        match shutdown.run_until_cancelled(wait).await {
            Some(()) => ControlFlow::Continue(()),
            None => ControlFlow::Break(()),
        }
    }
}
