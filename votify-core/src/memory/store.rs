mod entry;
mod invites;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::backend::group_by_poll;
use crate::ballot::{ActiveBallot, Ballot, BatchReceipt};
use crate::id::PollId;
use crate::poll::{Poll, PollChange, PollState, SealCause};
use crate::store::{Audit, ChangeOutcome, InviteStore, PollFilter, SealOutcome, Store, StoreError};
use crate::store::{Page, PageRequest};
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::voter::VoterId;
use entry::Entry;

type Locked = Arc<Mutex<Entry>>;

/// A [`Store`] in memory: all the laws, and nothing survives the process.
///
/// For tests, for trying things out, and to measure what the engine costs without a database.
#[derive(Debug, Default)]
pub struct MemoryStore {
    polls: RwLock<HashMap<PollId, Locked>>,
}

/// A lock whose holder panicked is as good as any: nothing here is left half done, because nothing in between can panic.
fn lock(entry: &Locked) -> MutexGuard<'_, Entry> {
    entry.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn find(&self, id: PollId) -> Option<Locked> {
        self.polls
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    fn existing(&self, id: PollId) -> Result<Locked, StoreError> {
        self.find(id).ok_or(StoreError::PollNotFound(id))
    }

    fn of_each<T>(&self, ids: &[PollId], read: impl Fn(&Entry) -> T) -> Vec<Option<T>> {
        ids.iter()
            .map(|id| self.find(*id).map(|entry| read(&lock(&entry))))
            .collect()
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn backend(&self) -> &'static str {
        "memory"
    }

    fn invites(&self) -> Option<&dyn InviteStore> {
        Some(self)
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        let mut polls = self.polls.write().unwrap_or_else(PoisonError::into_inner);
        if polls.contains_key(&poll.id) {
            return Err(StoreError::PollExists(poll.id));
        }
        polls.insert(
            poll.id,
            Arc::new(Mutex::new(Entry::new(PollState::new(poll.clone())))),
        );
        Ok(())
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        Ok(self.of_each(ids, |entry| entry.state.poll.clone()))
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        let entries: Vec<Locked> = {
            let polls = self.polls.read().unwrap_or_else(PoisonError::into_inner);
            polls.values().cloned().collect()
        };
        let states = entries.iter().map(|entry| lock(entry).state.clone());
        Ok(filter.paginate(states, page, now))
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        let entry = self.existing(id)?;
        let mut entry = lock(&entry);
        entry.check_present(id)?;
        Ok(match entry.state.apply_change(change, now) {
            Err(refusal) => ChangeOutcome::Refused(refusal),
            Ok(None) => ChangeOutcome::Unchanged(Box::new(entry.state.clone())),
            Ok(Some(state)) => {
                entry.state = state.clone();
                ChangeOutcome::Changed(Box::new(state))
            }
        })
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        let entry = self.existing(id)?;
        let mut entry = lock(&entry);
        entry.check_present(id)?;
        if let Some(sealed) = entry.state.seal(cause, now) {
            entry.state = sealed;
        }
        let state = &entry.state;
        Ok(if state.poll.is_sealed() {
            SealOutcome::Sealed(state.tally.clone())
        } else {
            SealOutcome::NotDue
        })
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        let removed = self
            .polls
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
        let entry = removed.ok_or(StoreError::PollNotFound(id))?;
        // Whoever found the entry before it was removed must not write to it any more.
        lock(&entry).delete();
        Ok(())
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        let mut receipt = BatchReceipt::unknown_polls(ballots.len());
        for part in group_by_poll(ballots) {
            let Some(entry) = self.find(part.poll) else {
                continue;
            };
            let mut entry = lock(&entry);
            if entry.is_deleted() {
                continue;
            }
            let outcomes = entry.cast(part.ballots(ballots), now);
            receipt.record(&part, outcomes, entry.state.tally.clone());
        }
        receipt
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        let Some(entry) = self.find(poll) else {
            return Ok(vec![None; voters.len()]);
        };
        let entry = lock(&entry);
        Ok(voters
            .iter()
            .map(|voter| entry.standing(*voter).cloned())
            .collect())
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        Ok(self.of_each(polls, |entry| entry.state.tally.clone()))
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        // A page at a time under the lock. Between pages voters may come and go, but none comes twice: a ballot that is cast
        // meanwhile gets a revision above the last one of the first page's moment, and those are left out.
        stream::unfold((0, None), move |(after, until)| async move {
            let entry = self.find(poll)?;
            let entry = lock(&entry);
            let until = until.unwrap_or(entry.state.tally.position.revision);
            let (page, last) = entry.standing_between(after, until);
            last.map(|last| (page, (last, Some(until))))
        })
        .flat_map(|page| stream::iter(page.into_iter().map(Ok)))
        .boxed()
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        let entry = self.existing(id)?;
        let entry = lock(&entry);
        let stored = entry.state.tally.clone();
        Ok(Audit {
            recounted: stored.recounted(entry.all_standing()),
            stored,
        })
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        let entry = self.existing(id)?;
        let mut entry = lock(&entry);
        entry.check_present(id)?;
        let repaired = entry.state.recount(entry.all_standing());
        entry.state = repaired;
        Ok(entry.state.tally.clone())
    }
}
