use std::sync::Arc;

use tokio::time::Instant;
use votify_core::poll::SealCause;
use votify_core::store::{ChangeOutcome, SealOutcome};
use votify_core::{Poll, PollChange, PollId, Store, StoreError, Tally, Timestamp};

use super::leases::Shared;
use super::redis::Snapshot;

/// Changes that no other instance may answer contrary to once they are answered.
impl<S: Store> Shared<S> {
    pub(super) async fn create(&self, poll: &Poll) -> Result<(), StoreError> {
        self.store.create_poll(poll).await?;
        self.known.saw_created(poll.id);
        Ok(())
    }

    pub(super) async fn change(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        let changing = self.store.change_poll(id, change, now).await?;
        if let ChangeOutcome::Changed(state) = &changing {
            let (poll, tally) = (Arc::new(state.poll.clone()), Arc::new(state.tally.clone()));
            self.known.saw(&tally, Some(&poll));
            self.call_in(self.show(&tally, Some(&poll))).await;
        }
        Ok(changing)
    }

    pub(super) async fn seal(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        let sealing = self.store.seal_poll(id, cause, now).await?;
        if let SealOutcome::Sealed(tally) = &sealing {
            let tally = Arc::new(tally.clone());
            self.known.saw(&tally, None);
            let showing = self.show(&tally, None);
            match cause {
                SealCause::Owner => self.call_in(showing).await,
                // Leases end with the poll's time by themselves.
                SealCause::Deadline => drop(showing.await),
            }
        }
        Ok(sealing)
    }

    pub(super) async fn delete(&self, id: PollId) -> Result<(), StoreError> {
        self.store.delete_poll(id).await?;
        self.known.saw_deleted(id);
        self.call_in(self.shelf.bury(id)).await;
        Ok(())
    }

    pub(super) async fn repair(&self, id: PollId) -> Result<Tally, StoreError> {
        let tally = self.store.repair_poll(id).await?;
        let shared = Arc::new(tally.clone());
        self.known.saw(&shared, None);
        self.call_in(self.show(&shared, None)).await;
        Ok(tally)
    }

    async fn show(&self, tally: &Tally, poll: Option<&Poll>) -> bool {
        let snapshot = Snapshot {
            tally,
            poll,
            until: 0,
            voters: &[],
        };
        self.shelf.keep(&snapshot).await
    }

    /// Calls in the leases on what has just changed: by telling Redis, or if that cannot be, by waiting until they have
    /// ended.
    async fn call_in(&self, telling: impl Future<Output = bool>) {
        let changed = Instant::now();
        if !telling.await {
            tokio::time::sleep_until(changed + self.shelf.lease).await;
        }
    }
}
