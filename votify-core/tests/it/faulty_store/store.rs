use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as SyncMutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::yield_now;
use tokio::time::sleep;

use votify_core::PollId;
use votify_core::backend::group_by_poll;
use votify_core::ballot::{ActiveBallot, Ballot, BatchReceipt, Outcome};
use votify_core::poll::{Poll, PollChange, PollState, SealCause};
use votify_core::store::{
    Audit, ChangeOutcome, PollFilter, PollOrder, SealOutcome, Store, StoreError,
};
use votify_core::store::{Page, PageRequest};
use votify_core::tally::Tally;
use votify_core::time::Timestamp;
use votify_core::voter::VoterId;

use super::fault::Fault;
use super::faulty_poll::FaultyPoll;

/// A store that obeys all laws except the one its fault violates. It yields where a
/// database would wait, so that concurrent calls interleave.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    fault: Option<Fault>,
    polls: SyncMutex<BTreeMap<PollId, Arc<Mutex<FaultyPoll>>>>,
    orphans: SyncMutex<BTreeMap<PollId, FaultyPoll>>,
}

impl FaultyStore {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            polls: SyncMutex::default(),
            orphans: SyncMutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn find(&self, id: PollId) -> Option<Arc<Mutex<FaultyPoll>>> {
        self.polls.lock().unwrap().get(&id).cloned()
    }

    fn get(&self, id: PollId) -> Result<Arc<Mutex<FaultyPoll>>, StoreError> {
        self.find(id).ok_or(StoreError::PollNotFound(id))
    }

    async fn states(&self, ids: &[PollId]) -> Vec<Option<PollState>> {
        let mut states = Vec::new();
        for id in ids {
            states.push(match self.find(*id) {
                Some(poll) => Some(poll.lock().await.state.clone()),
                None => None,
            });
        }
        states
    }

    /// Reads the states again once no write changed them for 1 ms, or after 20 ms. Then
    /// other readers return the true counts at the same positions.
    async fn states_after_writes(&self, ids: &[PollId]) -> Vec<Option<PollState>> {
        let mut states = self.states(ids).await;
        for _ in 0..20 {
            sleep(Duration::from_millis(1)).await;
            let before = std::mem::replace(&mut states, self.states(ids).await);
            if states == before {
                break;
            }
        }
        states
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

fn ensure_exists(
    poll: MutexGuard<'_, FaultyPoll>,
    id: PollId,
) -> Result<MutexGuard<'_, FaultyPoll>, StoreError> {
    match poll.deleted {
        true => Err(StoreError::PollNotFound(id)),
        false => Ok(poll),
    }
}

fn compare(order: PollOrder, a: &PollState, b: &PollState) -> Ordering {
    let end = |state: &PollState| (state.poll.closes_at.is_none(), state.poll.closes_at);
    match order {
        PollOrder::Newest => b.poll.created_at.cmp(&a.poll.created_at),
        PollOrder::Closing => end(a).cmp(&end(b)),
        PollOrder::Opening => a.poll.opens_at.cmp(&b.poll.opens_at),
        PollOrder::Trending => b.trending.rank().total_cmp(&a.trending.rank()),
    }
}

#[async_trait]
impl Store for FaultyStore {
    fn backend(&self) -> &'static str {
        "faulty"
    }

    fn invites(&self) -> Option<&dyn votify_core::InviteStore> {
        None
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        let mut polls = self.polls.lock().unwrap();
        if polls.contains_key(&poll.id) {
            return Err(StoreError::PollExists(poll.id));
        }
        let faulty = FaultyPoll::new(PollState::new(poll.clone()));
        polls.insert(poll.id, Arc::new(Mutex::new(faulty)));
        Ok(())
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        let states = self.states(ids).await.into_iter();
        Ok(states.map(|state| state.map(|state| state.poll)).collect())
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        let ids: Vec<PollId> = self.polls.lock().unwrap().keys().copied().collect();
        let mut filter = filter.clone();
        let folded = filter.category.clone().map(|name| name.to_lowercase());
        if self.has(Fault::CaseInsensitiveCategories) {
            filter.category = None;
        }
        let mut states: Vec<PollState> = self.states(&ids).await.into_iter().flatten().collect();
        states.retain(|state| filter.matches(&state.poll, now));
        if self.has(Fault::CaseInsensitiveCategories) && folded.is_some() {
            states.retain(|state| {
                let category = state.poll.category.as_ref();
                category.map(|name| name.to_lowercase()) == folded
            });
        }
        if !self.has(Fault::UnorderedTies) {
            states.sort_by_key(|state| Reverse(state.poll.id));
        }
        states.sort_by(|a, b| compare(filter.order, a, b));
        let total = states.len() as u64;
        let polls = states.into_iter().map(|state| state.poll);
        let (offset, limit) = (page.offset() as usize, page.limit() as usize);
        Ok(Page {
            items: polls.skip(offset).take(limit).collect(),
            total,
        })
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        let poll = self.get(id)?;
        let mut poll = ensure_exists(poll.lock().await, id)?;
        let revision = poll.state.tally.position.revision;
        let mut state = poll.state.clone();
        if self.has(Fault::RulesThawWhenEmpty) && state.tally.total_votes == 0 {
            state.tally.position.revision = state.tally.version;
        }
        Ok(match state.apply_change(change, now) {
            Err(refusal) => ChangeOutcome::Refused(refusal),
            Ok(None) => ChangeOutcome::Unchanged(Box::new(poll.state.clone())),
            Ok(Some(mut changed)) => {
                changed.tally.position.revision = revision + 1;
                poll.state = changed.clone();
                ChangeOutcome::Changed(Box::new(changed))
            }
        })
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        let poll = self.get(id)?;
        yield_now().await;
        let mut poll = ensure_exists(poll.lock().await, id)?;
        let mut state = poll.state.clone();
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

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        let removed = self.polls.lock().unwrap().remove(&id);
        let poll = removed.ok_or(StoreError::PollNotFound(id))?;
        let mut poll = poll.lock().await;
        poll.deleted = true;
        if self.has(Fault::OrphanedBallots) {
            self.orphans.lock().unwrap().insert(id, poll.clone());
        }
        Ok(())
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
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

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        let poll = match self.find(poll) {
            Some(poll) => Some(poll.lock().await.clone()),
            None => self.orphans.lock().unwrap().get(&poll).cloned(),
        };
        let active = |voter| poll.as_ref()?.voters.get(voter)?.active.clone();
        Ok(voters.iter().map(active).collect())
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        let states = self.states(polls).await.into_iter();
        let mut tallies: Vec<_> = states.map(|state| state.map(|state| state.tally)).collect();
        if self.has(Fault::TornTally) {
            let later = self.states_after_writes(polls).await;
            for (tally, later) in tallies.iter_mut().zip(later) {
                if let (Some(tally), Some(later)) = (tally, later) {
                    tally.position = later.tally.position;
                }
            }
        }
        Ok(tallies)
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        let read = async move {
            let Some(poll) = self.find(poll) else {
                return Vec::new();
            };
            let poll = poll.lock().await;
            let mut ballots: Vec<_> = poll.active_ballots().cloned().map(Ok).collect();
            ballots.sort_by_key(|ballot: &Result<ActiveBallot, StoreError>| {
                let ballot = ballot.as_ref().unwrap();
                match self.fault {
                    Some(Fault::VoterOrderedStream) => (0, Some(ballot.ballot.voter)),
                    _ => (ballot.revision, None),
                }
            });
            ballots
        };
        stream::once(read).flat_map(stream::iter).boxed()
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        let poll = self.get(id)?;
        let poll = ensure_exists(poll.lock().await, id)?;
        let stored = poll.state.tally.clone();
        Ok(Audit {
            recounted: stored.recounted(poll.active_ballots()),
            stored,
        })
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        let poll = self.get(id)?;
        let mut poll = ensure_exists(poll.lock().await, id)?;
        let mut state = poll.state.recount(poll.active_ballots());
        if self.has(Fault::RepairKeepsEpoch) {
            state.tally.position.epoch -= 1;
        }
        poll.state = state;
        Ok(poll.state.tally.clone())
    }
}
