//! The trait, with the faults of single calls.

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use votify_core::ballot::{ActiveBallot, Ballot, BatchReceipt};
use votify_core::poll::{JoinCode, Metadata, Poll, PollChange, PollState, SealCause};
use votify_core::store::{
    Audit, ChangeOutcome, Page, PageRequest, PollCount, PollFilter, SealOutcome, Store, StoreError,
};
use votify_core::voter::{OwnerId, OwnerKind, VoterId};
use votify_core::{BallotId, PollId, Tally, Timestamp};

use super::fault::Fault;
use super::listing::paginate;
use super::store::{FaultyStore, ensure_exists};

/// Removes the spaces of JSON, as a database does that parses it.
fn without_spaces(metadata: &Metadata) -> Metadata {
    let spaceless = metadata.as_str().replace(' ', "");
    spaceless.parse().unwrap()
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
        match poll.join_code {
            Some(code) => self.insert_with_code(poll, code).await,
            None => {
                self.insert(poll);
                Ok(())
            }
        }
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

    async fn count_session_polls(&self, max: u64) -> Result<u64, StoreError> {
        Ok(self.session_polls().await.min(max))
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
        let forgets_kind = self.has(Fault::ChangeForgetsOwnerKind);
        let mut state = poll.state.clone();
        if self.has(Fault::RulesThawWhenEmpty) && state.tally.total_votes == 0 {
            state.tally.position.revision = state.tally.version;
        }
        Ok(match state.apply_change(change, now) {
            Err(refusal) => ChangeOutcome::Refused(refusal),
            Ok(None) => ChangeOutcome::Unchanged(Box::new(poll.state.clone())),
            Ok(Some(mut changed)) => {
                changed.tally.position.revision = revision + 1;
                if let (Some(owner), true) = (&mut changed.poll.owner, forgets_kind) {
                    owner.kind = OwnerKind::Account;
                }
                if self.has(Fault::ChangeResetsLogPosition) {
                    changed.log_position = 0;
                }
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
        self.seal_all(ids, cause, now).await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        let removed = self.polls.lock().unwrap().remove(&id);
        let poll = removed.ok_or(StoreError::PollNotFound(id))?;
        let mut poll = poll.lock().await;
        poll.deleted = true;
        self.free_code(&poll.state.poll);
        if self.has(Fault::OrphanedBallots) {
            self.orphans.lock().unwrap().insert(id, poll.clone());
        }
        Ok(())
    }

    async fn delete_unused_poll(&self, id: PollId) -> Result<bool, StoreError> {
        self.delete_unused(id).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        self.cast_batch(ballots, now).await
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

    async fn accepted(
        &self,
        poll: PollId,
        ballots: &[(VoterId, BallotId)],
    ) -> Result<Vec<bool>, StoreError> {
        let Some(poll) = self.find(poll) else {
            return Ok(vec![false; ballots.len()]);
        };
        let poll = poll.lock().await.clone();
        let accepted = |(voter, ballot): &(VoterId, BallotId)| {
            let history = poll.voters.get(voter);
            history.is_some_and(|history| match &history.active {
                Some(active) if self.has(Fault::ReplacedBallotsForgotten) => {
                    active.ballot.id == *ballot
                }
                _ => history.has_accepted(*ballot),
            })
        };
        Ok(ballots.iter().map(accepted).collect())
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
        Ok(self.claims.add(account, session, self.fault))
    }

    async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
        Ok(self.claims.of(accounts, self.fault))
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.has(Fault::WrongServerTime).then_some(Timestamp::EPOCH))
    }
}
