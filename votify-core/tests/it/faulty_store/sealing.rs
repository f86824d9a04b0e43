//! Seals, with their faults.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::sleep;
use votify_core::poll::SealCause;
use votify_core::store::{SealOutcome, StoreError};
use votify_core::{PollId, Timestamp};

use super::fault::Fault;
use super::store::{FaultyStore, ensure_exists};

impl FaultyStore {
    pub(super) async fn seal_all(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>> {
        let mut ids = ids.to_vec();
        if self.has(Fault::UnorderedSeals) {
            ids.sort_unstable();
        }
        let mut outcomes: Vec<Result<SealOutcome, StoreError>> = Vec::new();
        for id in ids {
            let outcome = match outcomes.last() {
                Some(Err(error)) if self.has(Fault::SealStopsAtError) => Err(error.clone()),
                _ => self.seal(id, cause, now).await,
            };
            outcomes.push(outcome);
        }
        outcomes
    }

    async fn seal(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        let poll = self.get(id)?;
        yield_now().await;
        let mut unlocked = None;
        if self.has(Fault::UnlockedSeal) {
            unlocked = Some(poll.lock().await.state.clone());
            // Another time for each call, so that the calls read each other's writes.
            let delay = self.delayed_seals.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(delay)).await;
        }
        let mut poll = ensure_exists(poll.lock().await, id)?;
        let mut state = unlocked.unwrap_or_else(|| poll.state.clone());
        if self.has(Fault::RepeatedSeal) {
            state.poll.sealed_at = None;
        }
        let cause = match self.fault {
            Some(Fault::UncheckedDeadline) => SealCause::Owner,
            _ => cause,
        };
        if let Some(sealed) = state.seal(cause, now) {
            poll.state = sealed;
        }
        Ok(match poll.state.poll.is_sealed() {
            true => SealOutcome::Sealed(poll.state.tally.clone()),
            false => SealOutcome::NotDue,
        })
    }
}
