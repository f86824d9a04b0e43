use std::collections::HashSet;

use async_trait::async_trait;

use super::{MemoryStore, lock};
use crate::id::PollId;
use crate::store::{InviteOutcome, InviteStore, StoreError};
use crate::voter::VoterId;

#[async_trait]
impl InviteStore for MemoryStore {
    async fn invite(
        &self,
        poll: PollId,
        voters: &[VoterId],
        max_invited: u64,
    ) -> Result<InviteOutcome, StoreError> {
        let entry = self.existing(poll)?;
        let mut entry = lock(&entry);
        entry.ensure_exists(poll)?;
        let new: HashSet<VoterId> = voters
            .iter()
            .filter(|voter| !entry.invited.contains(voter))
            .copied()
            .collect();
        let before = to_u64(entry.invited.len());
        let total = before.saturating_add(to_u64(new.len()));
        if total > max_invited {
            return Ok(InviteOutcome::TooMany { total: before });
        }
        entry.invited.extend(new);
        Ok(InviteOutcome::Invited { total })
    }

    async fn invited(&self, poll: PollId, voters: &[VoterId]) -> Result<Vec<bool>, StoreError> {
        let Some(entry) = self.find(poll) else {
            return Ok(vec![false; voters.len()]);
        };
        let entry = lock(&entry);
        let invited = voters.iter().map(|voter| entry.invited.contains(voter));
        Ok(invited.collect())
    }

    async fn count(&self, poll: PollId) -> Result<u64, StoreError> {
        let entry = self.find(poll);
        Ok(entry.map_or(0, |entry| to_u64(lock(&entry).invited.len())))
    }
}

fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
