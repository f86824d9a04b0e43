use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::batch_sizer::BatchSizer;
use super::pending_reply::CastResult;
use super::poll_batch_result::PollBatchResult;
use super::queue::{BallotQueue, BatchReceiver};
use super::queued_ballot::QueuedBallot;
use crate::ballot::{Ballot, BatchReceipt, Outcome};
use crate::engine::VoteOutcome;
use crate::engine::cache::CachedDefinition;
use crate::engine::config::VOTE_SAMPLE;
use crate::engine::notifier::Notifier;
use crate::engine::stats::Counters;
use crate::id::PollId;
use crate::poll::ResultsPolicy;
use crate::store::{Store, StoreError};
use crate::tally::{Audience, TallyView};
use crate::time::Clock;

/// Writes batches, replies to their callers, and sends the new tallies to viewers, other
/// instances and event receivers.
#[derive(Debug, Clone)]
pub(in crate::engine) struct BatchWriter {
    pub(in crate::engine) store: Arc<dyn Store>,
    pub(in crate::engine) clock: Arc<dyn Clock>,
    pub(in crate::engine) notifier: Notifier,
    pub(in crate::engine) stats: Arc<Counters>,
    /// Maximum time from queueing a ballot to its reply.
    pub(in crate::engine) timeout: Duration,
}

/// Earlier batches took so long that the ballot was not sent to the store.
#[derive(Debug, thiserror::Error)]
#[error("earlier ballots took too long, so this one was not sent to the store")]
struct QueueTimeout;

impl BatchWriter {
    /// Writes batches of up to `max` until `shutdown` is cancelled and the queue is
    /// empty.
    pub(super) async fn run(
        self,
        queue: Arc<BallotQueue>,
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
        let receipt = self.cast(&ballots, oldest + self.timeout).await;
        let mut results: HashMap<PollId, PollBatchResult> = receipt
            .tallies
            .into_iter()
            .map(|tally| (tally.poll, PollBatchResult::new(tally)))
            .collect();
        let mut failure = None;
        for ((ballot, outcome), (definition, reply)) in
            ballots.iter().zip(receipt.outcomes).zip(replies)
        {
            let cast = match outcome {
                Ok(outcome) => {
                    let result = results.get_mut(&ballot.poll);
                    let tally = result.map(|result| {
                        self.record_outcome(result, ballot, &outcome, definition);
                        Arc::clone(&result.tally)
                    });
                    Ok(CastResult { outcome, tally })
                }
                Err(error) => {
                    failure = Some(error.clone());
                    Err(error)
                }
            };
            // Fails only if the caller has dropped its future. The ballot is cast
            // nevertheless.
            let _ = reply.send(cast);
        }
        if let Some(failure) = failure {
            // Once for the batch, so that a burst of votes does not flood the log.
            self.stats.record_store_failure();
            tracing::warn!(
                error = &failure as &dyn std::error::Error,
                "failed to write a batch of votes"
            );
        }
        for result in results.into_values() {
            let Some(definition) = result.definition else {
                continue;
            };
            let tally = &result.tally.tally;
            definition.observe_tally(tally);
            self.notifier
                .tally_changed(tally, &result.vote_sample, result.audience_changes);
        }
    }

    /// Casts a batch. A panic of the store fails this batch only.
    async fn cast(&self, ballots: &[Ballot], deadline: Instant) -> BatchReceipt {
        let cast =
            AssertUnwindSafe(self.store.cast_ballots(ballots, self.clock.now())).catch_unwind();
        let backend = self.store.backend();
        // In each case the batch may have been committed, so the error is `Unavailable`.
        let error = match timeout_at(deadline, cast).await {
            Err(elapsed) => StoreError::unavailable(backend, elapsed),
            Ok(Ok(receipt)) if receipt.outcomes.len() == ballots.len() => return receipt,
            Ok(Ok(_)) => StoreError::unavailable(
                backend,
                "the store returned another number of outcomes than ballots",
            ),
            Ok(Err(_)) => StoreError::unavailable(backend, "the store panicked"),
        };
        BatchReceipt {
            outcomes: vec![Err(error); ballots.len()],
            tallies: Vec::new(),
        }
    }

    /// Adds a ballot's outcome to the statistics, to the events and to its poll's result.
    fn record_outcome(
        &self,
        result: &mut PollBatchResult,
        ballot: &Ballot,
        outcome: &Outcome,
        definition: Arc<CachedDefinition>,
    ) {
        let poll = &definition.poll;
        let same_version = poll.version == result.tally.tally.version;
        let is_live = poll.rules.results == ResultsPolicy::Live && same_version;
        if is_live {
            self.stats.record_outcome(outcome);
        }
        if !outcome.changed_tally() {
            return;
        }
        let is_withdrawal = ballot.choice.is_withdrawal();
        if let (true, false, [option]) = (is_live, is_withdrawal, ballot.choice.options())
            && result.vote_sample.len() < VOTE_SAMPLE
        {
            result.vote_sample.push(*option);
        }
        // Under `Live` both audiences see the same counts.
        if !is_live {
            let audience = if is_withdrawal {
                Audience::Public
            } else {
                Audience::Voted
            };
            result.audience_changes.push((ballot.voter, audience));
        }
        if self.notifier.has_event_receivers()
            && let Ok(outcome) = VoteOutcome::try_from(outcome.clone())
        {
            let shared = result.tally.view(poll, Audience::Public);
            let view = shared
                .unwrap_or_else(|| TallyView::new(poll, &result.tally.tally, Audience::Public));
            self.notifier
                .ballot_cast(ballot.poll, ballot.id, outcome, view);
        }
        if same_version || result.definition.is_none() {
            result.definition = Some(definition);
        }
    }
}
