use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Latch};

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::yield_now;

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

use crate::fault::Fault;
use crate::room::Room;

/// A store that keeps all the laws but one. It yields where a database would wait, so that races happen.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    fault: Option<Fault>,
    rooms: Latch<BTreeMap<PollId, Arc<Mutex<Room>>>>,
    graves: Latch<BTreeMap<PollId, Room>>,
}

impl FaultyStore {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            rooms: Latch::default(),
            graves: Latch::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn find(&self, id: PollId) -> Option<Arc<Mutex<Room>>> {
        self.rooms.lock().unwrap().get(&id).cloned()
    }

    fn existing(&self, id: PollId) -> Result<Arc<Mutex<Room>>, StoreError> {
        self.find(id).ok_or(StoreError::PollNotFound(id))
    }

    async fn states(&self, ids: &[PollId]) -> Vec<Option<PollState>> {
        let mut states = Vec::new();
        for id in ids {
            states.push(match self.find(*id) {
                Some(room) => Some(room.lock().await.state.clone()),
                None => None,
            });
        }
        states
    }

    /// One part of a batch in one transaction; `None` if the poll was deleted meanwhile.
    async fn cast(
        &self,
        room: &Arc<Mutex<Room>>,
        ballots: &[&Ballot],
        now: Timestamp,
    ) -> Result<Option<(Vec<Outcome>, Tally)>, StoreError> {
        let early = room.lock().await.clone();
        yield_now().await;
        let mut room = if self.has(Fault::ShowsConflicts) {
            let conflict = |_| StoreError::unavailable("faulty", "somebody else has the lock");
            room.try_lock().map_err(conflict)?
        } else {
            room.lock().await
        };
        if room.deleted {
            return Ok(None);
        }
        let before = room.state.tally.clone();
        let outcomes = if self.has(Fault::WritesPieceByPiece) {
            let mut outcomes = Vec::new();
            for ballot in ballots {
                outcomes.extend(room.cast(&early, &[ballot], now, self.fault));
                yield_now().await;
            }
            outcomes
        } else {
            yield_now().await;
            room.cast(&early, ballots, now, self.fault)
        };
        let tally = match self.fault {
            Some(Fault::TalliesFromBefore) => before,
            _ => room.state.tally.clone(),
        };
        Ok(Some((outcomes, tally)))
    }
}

fn present(room: MutexGuard<'_, Room>, id: PollId) -> Result<MutexGuard<'_, Room>, StoreError> {
    match room.deleted {
        true => Err(StoreError::PollNotFound(id)),
        false => Ok(room),
    }
}

fn ordered(order: PollOrder, a: &PollState, b: &PollState) -> Ordering {
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
        let mut rooms = self.rooms.lock().unwrap();
        if rooms.contains_key(&poll.id) {
            return Err(StoreError::PollExists(poll.id));
        }
        let room = Room::new(PollState::new(poll.clone()));
        rooms.insert(poll.id, Arc::new(Mutex::new(room)));
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
        let ids: Vec<PollId> = self.rooms.lock().unwrap().keys().copied().collect();
        let mut filter = filter.clone();
        let folded = filter.category.clone().map(|name| name.to_lowercase());
        if self.has(Fault::FoldsCategories) {
            filter.category = None;
        }
        let mut states: Vec<PollState> = self.states(&ids).await.into_iter().flatten().collect();
        states.retain(|state| filter.matches(&state.poll, now));
        if self.has(Fault::FoldsCategories) && folded.is_some() {
            states.retain(|state| {
                let category = state.poll.category.as_ref();
                category.map(|name| name.to_lowercase()) == folded
            });
        }
        if !self.has(Fault::LeavesTiesOpen) {
            states.sort_by_key(|state| Reverse(state.poll.id));
        }
        states.sort_by(|a, b| ordered(filter.order, a, b));
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
        let room = self.existing(id)?;
        let mut room = present(room.lock().await, id)?;
        let revision = room.state.tally.position.revision;
        let mut state = room.state.clone();
        if self.has(Fault::ThawsWhenEmpty) && state.tally.total_votes == 0 {
            state.tally.position.revision = state.tally.version;
        }
        Ok(match state.apply_change(change, now) {
            Err(refusal) => ChangeOutcome::Refused(refusal),
            Ok(None) => ChangeOutcome::Unchanged(Box::new(room.state.clone())),
            Ok(Some(mut changed)) => {
                changed.tally.position.revision = revision + 1;
                room.state = changed.clone();
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
        let room = self.existing(id)?;
        yield_now().await;
        let mut room = present(room.lock().await, id)?;
        let mut state = room.state.clone();
        if self.has(Fault::SealsAgain) {
            state.poll.sealed_at = None;
        }
        let cause = match self.fault {
            Some(Fault::SealsWithoutReadingTheEnd) => SealCause::Owner,
            _ => cause,
        };
        if let Some(sealed) = state.seal(cause, now) {
            room.state = sealed;
        }
        Ok(match room.state.poll.is_sealed() {
            true => SealOutcome::Sealed(room.state.tally.clone()),
            false => SealOutcome::NotDue,
        })
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        let removed = self.rooms.lock().unwrap().remove(&id);
        let room = removed.ok_or(StoreError::PollNotFound(id))?;
        let mut room = room.lock().await;
        room.deleted = true;
        if self.has(Fault::LeavesBallotsBehind) {
            self.graves.lock().unwrap().insert(id, room.clone());
        }
        Ok(())
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        let mut receipt = BatchReceipt::unknown_polls(ballots.len());
        let parts = group_by_poll(ballots);
        let unknown = parts.iter().any(|part| self.find(part.poll).is_none());
        if unknown && self.has(Fault::AbortsTheWholeBatch) {
            return receipt;
        }
        for part in parts {
            let Some(room) = self.find(part.poll) else {
                continue;
            };
            let own: Vec<&Ballot> = part.ballots(ballots).collect();
            match self.cast(&room, &own, now).await {
                Ok(Some((outcomes, tally))) => receipt.record(&part, outcomes, tally),
                Ok(None) => {}
                Err(conflict) => receipt.fail(&part, &conflict),
            }
        }
        receipt
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        let room = match self.find(poll) {
            Some(room) => Some(room.lock().await.clone()),
            None => self.graves.lock().unwrap().get(&poll).cloned(),
        };
        let standing = |voter| room.as_ref()?.voters.get(voter)?.active.clone();
        Ok(voters.iter().map(standing).collect())
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        let states = self.states(polls).await.into_iter();
        let mut tallies: Vec<_> = states.map(|state| state.map(|state| state.tally)).collect();
        if self.has(Fault::ReadsTalliesInTwoSteps) {
            yield_now().await;
            let later = self.states(polls).await;
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
            let Some(room) = self.find(poll) else {
                return Vec::new();
            };
            let room = room.lock().await;
            let mut ballots: Vec<_> = room.all_standing().cloned().map(Ok).collect();
            ballots.sort_by_key(|ballot: &Result<ActiveBallot, StoreError>| {
                let ballot = ballot.as_ref().unwrap();
                match self.fault {
                    Some(Fault::StreamsByVoter) => (0, Some(ballot.ballot.voter)),
                    _ => (ballot.revision, None),
                }
            });
            ballots
        };
        stream::once(read).flat_map(stream::iter).boxed()
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        let room = self.existing(id)?;
        let room = present(room.lock().await, id)?;
        let stored = room.state.tally.clone();
        Ok(Audit {
            recounted: stored.recounted(room.all_standing()),
            stored,
        })
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        let room = self.existing(id)?;
        let mut room = present(room.lock().await, id)?;
        let mut state = room.state.recount(room.all_standing());
        if self.has(Fault::RepairsInTheSameEpoch) {
            state.tally.position.epoch -= 1;
        }
        room.state = state;
        Ok(room.state.tally.clone())
    }
}
