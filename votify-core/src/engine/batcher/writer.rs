use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::batch_sizer::BatchSizer;
use super::queue::{BallotQueue, BatchReceiver};
use super::queued_ballot::{QueuedBallot, Reply};
use super::shared_tally::SharedTally;
use crate::backend::LogThrottle;
use crate::ballot::{Ballot, BatchReceipt, Outcome};
use crate::engine::VoteOutcome;
use crate::engine::cache::CachedDefinition;
use crate::engine::notifier::Notifier;
use crate::engine::stats::Counters;
use crate::engine::tally_change::{TallyChange, extend_sample};
use crate::engine::voting::audience_after;
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
                        self.record_outcome(ballot, &outcome, &definition, tally, &mut changes);
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
            self.stats.record_store_failure();
            if let Some(failures) = self.throttle.record_failure() {
                tracing::warn!(
                    failures,
                    error = &failure as &dyn std::error::Error,
                    "failed to write a batch of votes"
                );
            }
        }
        for change in changes.values() {
            self.notifier.notify_tally_changed(change);
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

    /// Adds a ballot's outcome to the statistics and to the events, and if it changed its
    /// poll's tally, to the poll's change.
    fn record_outcome(
        &self,
        ballot: &Ballot,
        outcome: &Outcome,
        definition: &CachedDefinition,
        shared: &SharedTally,
        changes: &mut HashMap<PollId, TallyChange>,
    ) {
        let (poll, tally) = (&definition.poll, &shared.tally);
        let counts_are_public =
            poll.rules.results == ResultsPolicy::Live && poll.version == tally.version;
        if counts_are_public {
            self.stats.record_outcome(outcome);
        }
        if !outcome.changed_tally() {
            return;
        }
        definition.mark_frozen_if_voted(tally);
        let change = changes
            .entry(ballot.poll)
            .or_insert_with(|| TallyChange::new(Arc::clone(tally)));
        if let (true, false, option @ [_]) = (
            counts_are_public,
            ballot.choice.is_withdrawal(),
            ballot.choice.options(),
        ) {
            extend_sample(&mut change.vote_sample, option);
        }
        // Under `Live` both audiences see the same counts.
        if !counts_are_public {
            let audience = audience_after(&ballot.choice);
            change.audience_changes.push((ballot.voter, audience));
        }
        if self.notifier.has_event_receivers()
            && let Ok(outcome) = VoteOutcome::try_from(outcome.clone())
        {
            let view = shared
                .view(poll, Audience::Public)
                .unwrap_or_else(|| TallyView::new(poll, tally, Audience::Public));
            self.notifier
                .emit_ballot_cast(ballot.poll, ballot.id, outcome, view);
        }
    }
}
