//! Join codes, with their faults.

use tokio::task::yield_now;
use votify_core::poll::{JoinCode, Poll};
use votify_core::store::StoreError;
use votify_core::{PollId, Timestamp};

use super::fault::Fault;
use super::store::FaultyStore;

impl FaultyStore {
    /// Returns the poll that has a join code.
    pub(super) async fn holder(&self, code: JoinCode, now: Timestamp) -> Option<PollId> {
        let id = self.join_codes.lock().unwrap().get(&code).copied()?;
        let keeps_codes =
            self.has(Fault::DeletionKeepsJoinCode) || self.has(Fault::UnusedKeepsJoinCode);
        if keeps_codes && self.find(id).is_none() {
            return Some(id);
        }
        let state = self.states(&[id]).await.pop().flatten()?;
        let is_kept = keeps_join_code(&state.poll, now) || self.has(Fault::JoinCodeKeptForever);
        is_kept.then_some(id)
    }

    pub(super) async fn insert_with_code(
        &self,
        poll: Poll,
        code: JoinCode,
    ) -> Result<(), StoreError> {
        let mut lock = Some(self.creation.lock().await);
        if self.has(Fault::UnlockedJoinCodes) {
            lock = None;
        }
        let holder = self.holder(code, poll.created_at).await;
        yield_now().await;
        if holder.is_some() {
            return Err(StoreError::JoinCodeTaken(code));
        }
        self.join_codes.lock().unwrap().insert(code, poll.id);
        self.insert(poll);
        drop(lock);
        Ok(())
    }

    /// Frees the code of a deleted poll, unless another poll has it by now.
    pub(super) fn free_code(&self, poll: &Poll) {
        if let Some(code) = poll.join_code {
            let mut codes = self.join_codes.lock().unwrap();
            if codes.get(&code) == Some(&poll.id) && !self.has(Fault::DeletionKeepsJoinCode) {
                codes.remove(&code);
            }
        }
    }
}

fn keeps_join_code(poll: &Poll, now: Timestamp) -> bool {
    poll.join_code_expires_at().is_none_or(|end| now < end)
}
