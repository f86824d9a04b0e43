mod entry;
mod invites;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};

use crate::backend::group_by_poll;
use crate::ballot::{ActiveBallot, Ballot, BatchReceipt};
use crate::id::{BallotId, PollId};
use crate::poll::{JoinCode, Poll, PollChange, PollState, SealCause};
use crate::store::{
    Audit, ChangeOutcome, InviteStore, MAX_CLAIMS, Page, PageRequest, PollCount, PollFilter,
    SealOutcome, Store, StoreError,
};
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::voter::{OwnerId, VoterId};
use entry::Entry;

type SharedEntry = Arc<Mutex<Entry>>;

/// A [`Store`] in memory, for tests, trials, and measurements of the engine without a
/// database.
///
/// Obeys all laws. The data is lost when the process ends.
///
/// ```
/// use votify_core::{Caller, Choice, MemoryStore, PollDraft, PollEngine, SessionId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), votify_core::EngineError> {
/// let engine = PollEngine::new(MemoryStore::new());
/// let poll = engine.create_poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"])).await?;
/// let caller = Caller::session(SessionId::random());
/// engine.vote(poll.id, &caller, Choice::one(poll.options[0].id)).await?;
/// assert!(engine.audit_poll(poll.id).await?.is_exact());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    polls: RwLock<HashMap<PollId, SharedEntry>>,
    /// The last poll of each join code. Locked after `polls`.
    join_codes: Mutex<HashMap<JoinCode, PollId>>,
    /// The sessions that each account claimed.
    claims: Mutex<HashMap<OwnerId, HashSet<OwnerId>>>,
}

/// Ignores poisoning: no code under the lock can panic between two related writes.
fn lock(entry: &SharedEntry) -> MutexGuard<'_, Entry> {
    entry.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keeps_join_code(poll: &Poll, now: Timestamp) -> bool {
    poll.join_code_expires_at().is_none_or(|end| now < end)
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn find(&self, id: PollId) -> Option<SharedEntry> {
        self.polls
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    fn entries(&self) -> Vec<SharedEntry> {
        let polls = self.polls.read().unwrap_or_else(PoisonError::into_inner);
        polls.values().cloned().collect()
    }

    fn join_codes(&self) -> MutexGuard<'_, HashMap<JoinCode, PollId>> {
        self.join_codes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn claims(&self) -> MutexGuard<'_, HashMap<OwnerId, HashSet<OwnerId>>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn existing(&self, id: PollId) -> Result<SharedEntry, StoreError> {
        self.find(id).ok_or(StoreError::PollNotFound(id))
    }

    /// Ends a removed poll, and frees its join code. A concurrent call may still hold the
    /// entry; the mark makes it fail.
    fn mark_deleted(&self, id: PollId, entry: &mut Entry) {
        entry.delete();
        if let Some(code) = entry.state.poll.join_code {
            let mut codes = self.join_codes();
            if codes.get(&code) == Some(&id) {
                codes.remove(&code);
            }
        }
    }

    fn find_all<T>(&self, ids: &[PollId], read: impl Fn(&Entry) -> T) -> Vec<Option<T>> {
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
        if let Some(code) = poll.join_code {
            let mut codes = self.join_codes();
            let holder = codes.get(&code).and_then(|holder| polls.get(holder));
            if holder.is_some_and(|entry| keeps_join_code(&lock(entry).state.poll, poll.created_at))
            {
                return Err(StoreError::JoinCodeTaken(code));
            }
            codes.insert(code, poll.id);
        }
        polls.insert(
            poll.id,
            Arc::new(Mutex::new(Entry::new(PollState::new(poll.clone())))),
        );
        Ok(())
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        Ok(self.find_all(ids, |entry| entry.state.poll.clone()))
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError> {
        let entries = self.entries();
        let states = entries.iter().map(|entry| lock(entry).state.clone());
        Ok(filter.paginate(states, page, now))
    }

    async fn count_polls(
        &self,
        filter: &PollFilter,
        now: Timestamp,
    ) -> Result<PollCount, StoreError> {
        let entries = self.entries();
        let matching = entries
            .iter()
            .filter(|entry| filter.matches(&lock(entry).state, now));
        Ok(PollCount::capped(
            u64::try_from(matching.count()).unwrap_or(u64::MAX),
        ))
    }

    async fn count_session_polls(&self, max: u64) -> Result<u64, StoreError> {
        let entries = self.entries();
        let is_of_session = |entry: &&SharedEntry| lock(entry).state.poll.is_of_session();
        let count = entries.iter().filter(is_of_session).count();
        Ok(u64::try_from(count).unwrap_or(u64::MAX).min(max))
    }

    async fn poll_by_join_code(
        &self,
        code: &JoinCode,
        now: Timestamp,
    ) -> Result<Option<PollId>, StoreError> {
        let Some(id) = self.join_codes().get(code).copied() else {
            return Ok(None);
        };
        let holder = self.find(id);
        Ok(holder
            .filter(|entry| keeps_join_code(&lock(entry).state.poll, now))
            .map(|_| id))
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        let entry = self.existing(id)?;
        let mut entry = lock(&entry);
        entry.ensure_exists(id)?;
        Ok(match entry.state.apply_change(change, now) {
            Err(refusal) => ChangeOutcome::Refused(refusal),
            Ok(None) => ChangeOutcome::Unchanged(Box::new(entry.state.clone())),
            Ok(Some(state)) => {
                entry.state = state.clone();
                ChangeOutcome::Changed(Box::new(state))
            }
        })
    }

    async fn seal_polls(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>> {
        let seal = |id| {
            let entry = self.existing(id)?;
            let mut entry = lock(&entry);
            entry.ensure_exists(id)?;
            if let Some(sealed) = entry.state.seal(cause, now) {
                entry.state = sealed;
            }
            let state = &entry.state;
            Ok(if state.poll.is_sealed() {
                SealOutcome::Sealed(state.tally.clone())
            } else {
                SealOutcome::NotDue
            })
        };
        ids.iter().copied().map(seal).collect()
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        let mut polls = self.polls.write().unwrap_or_else(PoisonError::into_inner);
        let entry = polls.remove(&id).ok_or(StoreError::PollNotFound(id))?;
        drop(polls);
        self.mark_deleted(id, &mut lock(&entry));
        Ok(())
    }

    async fn delete_unused_poll(&self, id: PollId) -> Result<bool, StoreError> {
        let mut polls = self.polls.write().unwrap_or_else(PoisonError::into_inner);
        let shared = Arc::clone(polls.get(&id).ok_or(StoreError::PollNotFound(id))?);
        // Casting takes this lock too, and then finds either a ballot or the mark.
        let mut entry = lock(&shared);
        if entry.state.tally.ever_had_ballots() {
            return Ok(false);
        }
        polls.remove(&id);
        drop(polls);
        self.mark_deleted(id, &mut entry);
        Ok(true)
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        let mut receipt = BatchReceipt::unknown_polls(ballots.len());
        for batch in group_by_poll(ballots) {
            let Some(entry) = self.find(batch.poll) else {
                continue;
            };
            let mut entry = lock(&entry);
            if entry.is_deleted() {
                continue;
            }
            let outcomes = entry.cast(batch.ballots(ballots), now);
            receipt.record(&batch, outcomes, entry.state.tally.clone());
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
            .map(|voter| entry.active_ballot(*voter).cloned())
            .collect())
    }

    async fn accepted(
        &self,
        poll: PollId,
        ballots: &[(VoterId, BallotId)],
    ) -> Result<Vec<bool>, StoreError> {
        let Some(entry) = self.find(poll) else {
            return Ok(vec![false; ballots.len()]);
        };
        let entry = lock(&entry);
        Ok(ballots
            .iter()
            .map(|(voter, ballot)| entry.has_accepted(*voter, *ballot))
            .collect())
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        Ok(self.find_all(polls, |entry| entry.state.tally.clone()))
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        // One page at a time under the lock. No voter occurs twice: a ballot cast between
        // two pages has a revision above `until`, the revision at the first page, and is
        // skipped.
        stream::unfold((0, None), move |(after, until)| async move {
            let entry = self.find(poll)?;
            let entry = lock(&entry);
            let until = until.unwrap_or(entry.state.tally.position.revision);
            let (page, last) = entry.active_between(after, until);
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
            recounted: stored.recounted(entry.active_ballots()),
            stored,
        })
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        let entry = self.existing(id)?;
        let mut entry = lock(&entry);
        entry.ensure_exists(id)?;
        let repaired = entry.state.recount(entry.active_ballots());
        entry.state = repaired;
        Ok(entry.state.tally.clone())
    }

    async fn claim_owner(&self, account: OwnerId, session: OwnerId) -> Result<bool, StoreError> {
        let mut claims = self.claims();
        let sessions = claims.entry(account).or_default();
        if sessions.len() >= MAX_CLAIMS && !sessions.contains(&session) {
            return Ok(false);
        }
        sessions.insert(session);
        Ok(true)
    }

    async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
        let claims = self.claims();
        let sessions: HashSet<OwnerId> = accounts
            .iter()
            .filter_map(|account| claims.get(account))
            .flatten()
            .copied()
            .collect();
        Ok(sessions.into_iter().collect())
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
}
