use std::collections::{BTreeMap, BTreeSet, HashMap};
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
use votify_core::poll::{JoinCode, Metadata, Poll, PollChange, PollState, SealCause};
use votify_core::store::{
    Audit, ChangeOutcome, MAX_CLAIMS, Page, PageRequest, PollCount, PollFilter, SealOutcome, Store,
    StoreError,
};
use votify_core::tally::Tally;
use votify_core::time::Timestamp;
use votify_core::voter::{OwnerId, VoterId};

use super::fault::Fault;
use super::faulty_poll::FaultyPoll;
use super::listing::{matches, paginate};

/// A store that obeys all laws except the one its fault violates. It yields where a
/// database would wait, so that concurrent calls interleave.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    fault: Option<Fault>,
    polls: SyncMutex<BTreeMap<PollId, Arc<Mutex<FaultyPoll>>>>,
    orphans: SyncMutex<BTreeMap<PollId, FaultyPoll>>,
    /// The last poll of each join code.
    join_codes: SyncMutex<BTreeMap<JoinCode, PollId>>,
    /// Locked while a poll with a join code is created.
    creation: Mutex<()>,
    claims: SyncMutex<HashMap<OwnerId, BTreeSet<OwnerId>>>,
}

impl FaultyStore {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            polls: SyncMutex::default(),
            orphans: SyncMutex::default(),
            join_codes: SyncMutex::default(),
            creation: Mutex::default(),
            claims: SyncMutex::default(),
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

    fn insert(&self, poll: Poll) {
        let id = poll.id;
        let faulty = FaultyPoll::new(PollState::new(poll));
        let mut polls = self.polls.lock().unwrap();
        polls.insert(id, Arc::new(Mutex::new(faulty)));
    }

    /// Returns the poll that has a join code.
    async fn holder(&self, code: JoinCode, now: Timestamp) -> Option<PollId> {
        let id = self.join_codes.lock().unwrap().get(&code).copied()?;
        if self.has(Fault::DeletionKeepsJoinCode) && self.find(id).is_none() {
            return Some(id);
        }
        let state = self.states(&[id]).await.pop().flatten()?;
        let is_kept = keeps_join_code(&state.poll, now) || self.has(Fault::JoinCodeKeptForever);
        is_kept.then_some(id)
    }

    async fn matching(&self, filter: &PollFilter, now: Timestamp) -> Vec<PollState> {
        let polls: Vec<_> = self.polls.lock().unwrap().values().cloned().collect();
        let mut states = Vec::new();
        for poll in polls {
            let poll = poll.lock().await;
            if matches(&poll.listed(), filter, now, self.fault) {
                states.push(poll.state.clone());
            }
        }
        states
    }

    async fn seal(
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

/// Removes the spaces of JSON, as a database does that parses it.
fn without_spaces(metadata: &Metadata) -> Metadata {
    let spaceless = metadata.as_str().replace(' ', "");
    spaceless.parse().unwrap()
}

fn keeps_join_code(poll: &Poll, now: Timestamp) -> bool {
    poll.join_code_expires_at().is_none_or(|end| now < end)
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
        let mut poll = poll.clone();
        if self.has(Fault::ReformattedMetadata) {
            poll.metadata = poll.metadata.as_ref().map(without_spaces);
        }
        if self.polls.lock().unwrap().contains_key(&poll.id) {
            return Err(StoreError::PollExists(poll.id));
        }
        if let Some(code) = poll.join_code {
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
        } else {
            self.insert(poll);
        }
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
    ) -> Result<Page<PollState>, StoreError> {
        let states = self.matching(filter, now).await;
        Ok(paginate(states, filter, page, self.fault))
    }

    async fn count_polls(
        &self,
        filter: &PollFilter,
        now: Timestamp,
    ) -> Result<PollCount, StoreError> {
        let mut filter = filter.clone();
        if self.has(Fault::CountIgnoresWords) {
            filter.words.clear();
        }
        let matching = self.matching(&filter, now).await;
        Ok(PollCount::capped(matching.len() as u64))
    }

    async fn poll_by_join_code(
        &self,
        code: &JoinCode,
        now: Timestamp,
    ) -> Result<Option<PollId>, StoreError> {
        Ok(self.holder(*code, now).await)
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

    async fn seal_polls(
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

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        let removed = self.polls.lock().unwrap().remove(&id);
        let poll = removed.ok_or(StoreError::PollNotFound(id))?;
        let mut poll = poll.lock().await;
        poll.deleted = true;
        if let Some(code) = poll.state.poll.join_code {
            let mut codes = self.join_codes.lock().unwrap();
            if codes.get(&code) == Some(&id) && !self.has(Fault::DeletionKeepsJoinCode) {
                codes.remove(&code);
            }
        }
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
    async fn claim_owner(&self, account: OwnerId, session: OwnerId) -> Result<bool, StoreError> {
        let mut claims = self.claims.lock().unwrap();
        let sessions = claims.entry(account).or_default();
        let is_full = sessions.len() >= MAX_CLAIMS && !self.has(Fault::UnboundedClaims);
        if is_full && !sessions.contains(&session) {
            return Ok(false);
        }
        sessions.insert(session);
        Ok(true)
    }

    async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
        let claims = self.claims.lock().unwrap();
        let accounts = match self.fault {
            Some(Fault::OnlyFirstOwner) => &accounts[..accounts.len().min(1)],
            _ => accounts,
        };
        let sessions = accounts.iter().filter_map(|account| claims.get(account));
        let sessions: BTreeSet<OwnerId> = sessions.flatten().copied().collect();
        Ok(sessions.into_iter().collect())
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.has(Fault::WrongServerTime).then_some(Timestamp::EPOCH))
    }
}
