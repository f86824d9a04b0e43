//! Unused polls and polls of sessions, with their faults.

use votify_core::PollId;
use votify_core::store::{Store, StoreError};
use votify_core::voter::OwnerKind;

use super::fault::Fault;
use super::faulty_poll::FaultyPoll;
use super::store::{FaultyStore, ensure_exists};

impl FaultyStore {
    pub(super) async fn session_polls(&self) -> u64 {
        let polls: Vec<_> = self.polls.lock().unwrap().values().cloned().collect();
        let mut count = 0;
        for poll in polls {
            let owner = poll.lock().await.state.poll.owner;
            let counts_accounts = self.has(Fault::CountsAccountPolls);
            let counts = |kind| kind == OwnerKind::Session || counts_accounts;
            count += u64::from(owner.is_some_and(|owner| counts(owner.kind)));
        }
        count
    }

    fn is_unused(&self, poll: &FaultyPoll) -> bool {
        let tally = &poll.state.tally;
        if self.has(Fault::UnusedWhenEmpty) {
            tally.total_votes == 0
        } else {
            !tally.ever_had_ballots()
        }
    }

    pub(super) async fn delete_unused(&self, id: PollId) -> Result<bool, StoreError> {
        let shared = self.get(id)?;
        if self.has(Fault::UnlockedUnusedCheck) {
            if !self.is_unused(&*shared.lock().await) {
                return Ok(false);
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            return self.delete_poll(id).await.map(|()| true);
        }
        let mut poll = ensure_exists(shared.lock().await, id)?;
        if !self.is_unused(&poll) {
            return Ok(false);
        }
        poll.deleted = true;
        self.polls.lock().unwrap().remove(&id);
        if !self.has(Fault::UnusedKeepsJoinCode) {
            self.free_code(&poll.state.poll);
        }
        Ok(true)
    }
}
