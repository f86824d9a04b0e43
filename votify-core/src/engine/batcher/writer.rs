use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::batch_sizer::BatchSizer;
use super::queue::{BatchReceiver, WriterQueue};
use super::queued_ballot::{QueuedBallot, Reply};
use crate::backend::LogThrottle;
use crate::engine::cast_in_time::cast_in_time;
use crate::engine::outcome_recorder::OutcomeRecorder;
use crate::engine::shared_tally::SharedTally;
use crate::id::PollId;
use crate::store::{Store, StoreError};
use crate::time::Clock;

/// Writes batches, replies to their callers, and sends the new tallies to viewers, other
/// instances and event receivers.
#[derive(Debug, Clone)]
pub(in crate::engine) struct BatchWriter {
    pub(in crate::engine) store: Arc<dyn Store>,
    pub(in crate::engine) clock: Arc<dyn Clock>,
    pub(in crate::engine) recorder: OutcomeRecorder,
    /// Limits the log of failed batches, of which an outage has many.
    pub(in crate::engine) throttle: Arc<LogThrottle>,
    /// Maximum time from queueing a ballot to its reply.
    pub(in crate::engine) timeout: Duration,
}

/// The error of a ballot that waited too long for earlier batches and was not sent to the
/// store.
///
/// Callers get it as [`EngineError::Store`](crate::EngineError::Store). That error means
/// that the outcome is unknown, although this ballot was not written.
#[derive(Debug, thiserror::Error)]
#[error("earlier ballots took too long, so this one was not sent to the store")]
struct QueueTimeout;

impl BatchWriter {
    /// Writes batches of up to `max` until `shutdown` is cancelled and the queue is
    /// empty.
    pub(super) async fn run(
        self,
        queue: Arc<WriterQueue>,
        max: usize,
        shutdown: CancellationToken,
    ) {
        let receiver = BatchReceiver(queue);
        // An eighth of a ballot's timeout, because it may wait for several earlier
        // batches.
        let mut sizer = BatchSizer::new(max, self.timeout / 8);
        loop {
            let batch = tokio::select! {
                biased;
                () = shutdown.cancelled(), if !receiver.is_closed() => {
                    receiver.close();
                    continue;
                }
                batch = receiver.recv(sizer.size()) => batch,
            };
            if batch.is_empty() {
                return;
            }
            let batch = self.reject_expired(batch);
            let (ballots, started) = (batch.len(), Instant::now());
            if ballots > 0 {
                self.write(batch).await;
                sizer.record(ballots, started.elapsed());
            }
        }
    }

    /// Rejects ballots that were queued for more than half of the timeout, and returns
    /// the others. The other half is for the store, so that a slow store still gets
    /// ballots.
    fn reject_expired(&self, batch: Vec<QueuedBallot>) -> Vec<QueuedBallot> {
        let now = Instant::now();
        let is_expired = |ballot: &QueuedBallot| {
            now.saturating_duration_since(ballot.queued_at) > self.timeout / 2
        };
        if !batch.iter().any(is_expired) {
            return batch;
        }
        let (expired, remaining): (Vec<_>, _) = batch.into_iter().partition(is_expired);
        let error = StoreError::unavailable(self.store.backend(), QueueTimeout);
        for ballot in expired {
            // Fails only if the caller has dropped its future.
            let _ = ballot.reply.send(Err(error.clone()));
        }
        remaining
    }

    async fn write(&self, batch: Vec<QueuedBallot>) {
        let mut ballots = Vec::with_capacity(batch.len());
        let mut replies = Vec::with_capacity(batch.len());
        let mut oldest = Instant::now();
        for queued in batch {
            oldest = oldest.min(queued.queued_at);
            ballots.push(queued.ballot);
            replies.push((queued.definition, queued.reply));
        }
        let now = self.clock.now();
        let receipt = cast_in_time(&*self.store, &ballots, now, oldest + self.timeout).await;
        let tallies: HashMap<PollId, Arc<SharedTally>> = receipt
            .tallies
            .into_iter()
            .map(|tally| (tally.poll, Arc::new(SharedTally::new(tally))))
            .collect();
        let mut changes = HashMap::with_capacity(tallies.len());
        let mut failure = None;
        for ((ballot, outcome), (definition, reply)) in
            ballots.iter().zip(receipt.outcomes).zip(replies)
        {
            let result = match outcome {
                Ok(outcome) => {
                    let tally = tallies.get(&ballot.poll).cloned();
                    if let Some(tally) = &tally {
                        self.recorder
                            .record(ballot, &outcome, &definition, tally, &mut changes);
                    }
                    Ok(Reply { outcome, tally })
                }
                Err(error) => {
                    failure = Some(error.clone());
                    Err(error)
                }
            };
            // Fails only if the caller has dropped its future. The ballot is cast
            // nevertheless.
            let _ = reply.send(result);
        }
        if let Some(failure) = failure {
            self.recorder.stats.record_store_failure();
            if let Some(failures) = self.throttle.record_failure() {
                tracing::warn!(
                    failures,
                    error = &failure as &dyn std::error::Error,
                    "failed to write a batch of votes"
                );
            }
        }
        for change in changes.values() {
            self.recorder.notifier.notify_tally_changed(change);
        }
    }
}
