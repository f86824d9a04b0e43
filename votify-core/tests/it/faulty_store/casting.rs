//! Batches of ballots, with their faults.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::yield_now;
use votify_core::backend::group_by_poll;
use votify_core::ballot::{Ballot, BatchReceipt, Outcome};
use votify_core::store::StoreError;
use votify_core::{Tally, Timestamp};

use super::fault::Fault;
use super::faulty_poll::FaultyPoll;
use super::store::FaultyStore;

impl FaultyStore {
    pub(super) async fn cast_batch(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        let mut receipt = BatchReceipt::unknown_polls(ballots.len());
        let parts = group_by_poll(ballots);
        let unknown = parts.iter().any(|part| self.find(part.poll).is_none());
        if unknown && self.has(Fault::UnknownPollAbortsBatch) {
            return receipt;
        }
        for part in parts {
            let Some(poll) = self.find(part.poll) else {
                continue;
            };
            let own: Vec<&Ballot> = part.ballots(ballots).collect();
            match self.cast(&poll, &own, now).await {
                Ok(Some((outcomes, tally))) => receipt.record(&part, outcomes, tally),
                Ok(None) => {}
                Err(error) => receipt.fail(&part, &error),
            }
        }
        receipt
    }

    /// Casts one part of a batch in one transaction. `None` if the poll was deleted
    /// concurrently.
    async fn cast(
        &self,
        poll: &Arc<Mutex<FaultyPoll>>,
        ballots: &[&Ballot],
        now: Timestamp,
    ) -> Result<Option<(Vec<Outcome>, Tally)>, StoreError> {
        let unlocked = poll.lock().await.clone();
        yield_now().await;
        let mut poll = if self.has(Fault::ExposedConflict) {
            let conflict = |_| StoreError::unavailable("faulty", "another caller has the lock");
            poll.try_lock().map_err(conflict)?
        } else {
            poll.lock().await
        };
        if poll.deleted {
            return Ok(None);
        }
        let before = poll.state.tally.clone();
        let outcomes = if self.has(Fault::PartialBatch) {
            let mut outcomes = Vec::new();
            for ballot in ballots {
                outcomes.extend(poll.cast(&unlocked, &[ballot], now, self.fault));
                yield_now().await;
            }
            outcomes
        } else {
            yield_now().await;
            poll.cast(&unlocked, ballots, now, self.fault)
        };
        let tally = match self.fault {
            Some(Fault::StaleReceiptTallies) => before,
            _ => poll.state.tally.clone(),
        };
        Ok(Some((outcomes, tally)))
    }
}
