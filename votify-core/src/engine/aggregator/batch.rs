use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::time::Instant;

use super::Aggregator;
use super::pause::Backoff;
use crate::ballot::{Ballot, BatchReceipt};
use crate::engine::cache::CachedDefinition;
use crate::engine::cast_in_time::cast_in_time;
use crate::engine::outcome_recorder::OutcomeRecorder;
use crate::engine::shared_tally::SharedTally;
use crate::id::PollId;
use crate::queue::{DeliveredRecord, QueueRecord};
use crate::store::StoreError;

/// How often ballots are cast whose poll the store rejects, for example because its row is
/// corrupt. Then they are set aside, so that the partition's other polls go on.
pub(super) const MAX_REJECTIONS: u32 = 5;

/// Returns true if the error is one of the poll, and not of the whole store.
///
/// `Failed` is of the store: a lost privilege or a changed password affects every poll, and
/// ends when an operator acts. Votes wait for it.
pub(super) const fn concerns_poll(error: &StoreError) -> bool {
    !matches!(
        error,
        StoreError::Unavailable { .. } | StoreError::Failed { .. }
    )
}

impl Aggregator {
    /// Casts ballots until the store has decided all of them.
    ///
    /// The ballots of a poll fail together, so those that are cast again are in their order.
    pub(super) async fn cast(&mut self, mut records: Vec<&DeliveredRecord>) -> ControlFlow<()> {
        let mut backoff = Backoff::default();
        let mut rejections: HashMap<PollId, u32> = HashMap::new();
        while !records.is_empty() {
            // A slow store gets smaller batches, so that each ends within its timeout.
            let later = records.split_off(self.sizer.size().min(records.len()));
            let failed = self.cast_once(&records).await;
            if failed.is_empty() {
                self.metrics.set_paused(false);
                backoff = Backoff::default();
                records = later;
                continue;
            }
            records = self.retain_retryable(failed, &mut rejections).await?;
            if !records.is_empty() {
                self.pause(backoff.next()).await?;
            }
            records.extend(later);
        }
        ControlFlow::Continue(())
    }

    /// Casts ballots in one batch, announces the results, and returns those that failed.
    async fn cast_once<'a>(
        &mut self,
        records: &[&'a DeliveredRecord],
    ) -> Vec<(&'a DeliveredRecord, StoreError)> {
        let ballots: Vec<Ballot> = records.iter().filter_map(ballot_of).cloned().collect();
        let store = &self.engine.inner.loader.store;
        let started = Instant::now();
        let deadline = started + self.engine.inner.config.store_timeout;
        let receipt = cast_in_time(&**store, &ballots, self.engine.now(), deadline).await;
        self.sizer.record(ballots.len(), started.elapsed());
        let errors = receipt.outcomes.iter().map(|result| result.as_ref().err());
        let failed = records
            .iter()
            .zip(errors)
            .filter_map(|(record, error)| Some((*record, error?.clone())));
        let failed = failed.collect();
        self.announce(&ballots, receipt).await;
        failed
    }

    /// Returns the records to cast again. Sets those aside that the store has rejected too
    /// often.
    async fn retain_retryable<'a>(
        &mut self,
        failed: Vec<(&'a DeliveredRecord, StoreError)>,
        rejections: &mut HashMap<PollId, u32>,
    ) -> ControlFlow<(), Vec<&'a DeliveredRecord>> {
        self.engine.inner.stats.record_store_failure();
        self.log_store_failure(&failed);
        let rejected: HashMap<PollId, String> = failed
            .iter()
            .filter(|(_, error)| concerns_poll(error))
            .map(|(record, error)| (record.record.poll(), error.to_string()))
            .collect();
        for poll in rejected.keys() {
            *rejections.entry(*poll).or_default() += 1;
        }
        let is_final = |record: &DeliveredRecord| {
            let poll = record.record.poll();
            rejected.contains_key(&poll) && rejections.get(&poll) >= Some(&MAX_REJECTIONS)
        };
        let failed = failed.into_iter().map(|(record, _)| record);
        let (aside, retried): (Vec<_>, Vec<_>) = failed.partition(|record| is_final(record));
        let mut by_reason: HashMap<&str, Vec<DeliveredRecord>> = HashMap::new();
        for record in aside {
            if let Some(reason) = rejected.get(&record.record.poll()) {
                by_reason.entry(reason).or_default().push(record.clone());
            }
        }
        for (reason, records) in by_reason {
            if self.set_aside(records, reason).await.is_break() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(retried)
    }

    /// Logs why ballots were not counted. A failure that an operator must end is an error.
    fn log_store_failure(&self, failed: &[(&DeliveredRecord, StoreError)]) {
        let permanent = failed.iter().find(|(_, error)| !error.is_transient());
        let Some((_, error)) = permanent.or(failed.first()) else {
            return;
        };
        let Some(failures) = self.throttle.record_failure() else {
            return;
        };
        let (votes, error) = (failed.len(), error as &dyn std::error::Error);
        if permanent.is_some() {
            tracing::error!(
                failures,
                votes,
                error,
                "the store rejects queued votes; will retry"
            );
        } else {
            tracing::warn!(
                failures,
                votes,
                error,
                "failed to count queued votes; will retry"
            );
        }
    }

    /// Sends the new tallies to viewers, other instances and event receivers.
    async fn announce(&self, ballots: &[Ballot], receipt: BatchReceipt) {
        let inner = &self.engine.inner;
        let recorder = OutcomeRecorder {
            notifier: inner.notifier.clone(),
            stats: Arc::clone(&inner.stats),
        };
        let mut polls: HashMap<PollId, (Arc<CachedDefinition>, SharedTally)> = HashMap::new();
        for tally in receipt.tallies {
            let definition = inner
                .loader
                .cache
                .get(tally.poll, &*inner.loader.store)
                .await;
            // Without a definition, viewers get the tally with the next resync.
            if let Ok(definition) = definition {
                polls.insert(tally.poll, (definition, SharedTally::new(tally)));
            }
        }
        let mut changes = HashMap::with_capacity(polls.len());
        for (ballot, outcome) in ballots.iter().zip(&receipt.outcomes) {
            if let (Ok(outcome), Some((definition, tally))) = (outcome, polls.get(&ballot.poll)) {
                recorder.record(ballot, outcome, definition, tally, &mut changes);
            }
        }
        for change in changes.values() {
            inner.notifier.notify_tally_changed(change);
        }
    }
}

fn ballot_of<'a>(record: &&'a DeliveredRecord) -> Option<&'a Ballot> {
    match &record.record {
        QueueRecord::Ballot(ballot) => Some(ballot),
        QueueRecord::Close(_) => None,
    }
}
