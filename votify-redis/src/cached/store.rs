use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use votify_core::ballot::{ActiveBallot, Ballot, BatchReceipt};
use votify_core::poll::{JoinCode, Poll, PollChange, PollState, SealCause};
use votify_core::store::{
    Audit, ChangeOutcome, Page, PageRequest, PollCount, PollFilter, SealOutcome,
};
use votify_core::{
    BallotId, OwnerId, PollId, Store, StoreError, StoreExt, Tally, Timestamp, VoterId,
};

use super::CachedStore;
use super::cache_core::CacheCore;
use super::leases::LoadResult;
use super::lookup::{CacheState, CachedPoll};

/// Maximum sealed polls of one call whose leases are revoked at once. It bounds the calls
/// that wait on the connection.
const MAX_CONCURRENT_WRITES: usize = 64;

/// Reads.
impl<S: Store> CacheCore<S> {
    async fn poll(&self, id: PollId) -> Result<Option<Poll>, StoreError> {
        let lookup = match self.cache.get(id, &[]).await {
            Some(lookup) if !matches!(lookup.state, CacheState::Tombstone) => lookup,
            _ => return self.store.poll(id).await,
        };
        if let Some(cached) = self.leased_state(&lookup) {
            return Ok(Some((*cached.poll).clone()));
        }
        Ok(match self.load(id, &lookup).await? {
            LoadResult::Missing => None,
            LoadResult::Poll(CachedPoll { poll, .. }) | LoadResult::EditedDuringRead(poll) => {
                Some((*poll).clone())
            }
        })
    }

    /// Returns the tally of a sealed poll from the cache, or that of an open poll from
    /// the store. Concurrent reads share a load.
    async fn tally(&self, id: PollId) -> Result<Option<Tally>, StoreError> {
        if self.observed.is_sealed(id)
            && let Some(lookup) = self.cache.get(id, &[]).await
        {
            let sealed = self
                .leased_state(&lookup)
                .filter(|leased| leased.tally.sealed);
            if let Some(cached) = sealed {
                return Ok(Some((*cached.tally).clone()));
            }
            match self.load(id, &lookup).await? {
                LoadResult::Missing => return Ok(None),
                LoadResult::Poll(cached) => return Ok(Some((*cached.tally).clone())),
                LoadResult::EditedDuringRead(_) => {}
            }
        }
        let load = async {
            let tally = self.store.tally(id).await?.map(Arc::new);
            match &tally {
                Some(tally) => self.observed.observe(tally, None),
                None => self.observed.observe_missing(id),
            }
            Ok(tally)
        };
        let tally = self.tally_loads.get(id, load).await?;
        Ok(tally.map(|tally| (*tally).clone()))
    }

    /// Reads several tallies from the store, which takes one call anyway.
    async fn tallies(&self, ids: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        let tallies = self.store.tallies(ids).await?;
        for (id, tally) in ids.iter().zip(&tallies) {
            match tally {
                Some(tally) => self.observed.observe(&Arc::new(tally.clone()), None),
                None => self.observed.observe_missing(*id),
            }
        }
        Ok(tallies)
    }
}

/// Mutations. Each revokes the leases on older states before it returns.
impl<S: Store> CacheCore<S> {
    async fn create(&self, poll: &Poll) -> Result<(), StoreError> {
        self.store.create_poll(poll).await?;
        self.observed.observe_created(poll.id);
        Ok(())
    }

    async fn change(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        let outcome = self.store.change_poll(id, change, now).await?;
        if let ChangeOutcome::Changed(state) = &outcome {
            let (poll, tally) = (Arc::new(state.poll.clone()), Arc::new(state.tally.clone()));
            self.observed.observe(&tally, Some(&poll));
            self.revoke_leases(self.write_state(&tally, Some(&poll)))
                .await;
        }
        Ok(outcome)
    }

    async fn seal(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>> {
        let outcomes = self.store.seal_polls(ids, cause, now).await;
        let sealed = outcomes.iter().filter_map(|outcome| match outcome {
            Ok(SealOutcome::Sealed(tally)) => Some(Arc::new(tally.clone())),
            _ => None,
        });
        let writes: Vec<_> = sealed
            .map(|tally| async move {
                self.observed.observe(&tally, None);
                let write = self.write_state(&tally, None);
                match cause {
                    SealCause::Owner => self.revoke_leases(write).await,
                    // Leases end at the poll's deadline by themselves.
                    SealCause::Deadline => drop(write.await),
                }
            })
            .collect();
        stream::iter(writes)
            .buffer_unordered(MAX_CONCURRENT_WRITES)
            .collect::<()>()
            .await;
        outcomes
    }

    async fn delete(&self, id: PollId) -> Result<(), StoreError> {
        self.store.delete_poll(id).await?;
        self.observed.observe_deleted(id);
        self.revoke_leases(self.cache.tombstone(id)).await;
        Ok(())
    }

    async fn delete_unused(&self, id: PollId) -> Result<bool, StoreError> {
        let deleted = self.store.delete_unused_poll(id).await?;
        if deleted {
            self.observed.observe_deleted(id);
            self.revoke_leases(self.cache.tombstone(id)).await;
        }
        Ok(deleted)
    }

    async fn repair(&self, id: PollId) -> Result<Tally, StoreError> {
        let tally = self.store.repair_poll(id).await?;
        let shared = Arc::new(tally.clone());
        self.observed.observe(&shared, None);
        self.revoke_leases(self.write_state(&shared, None)).await;
        Ok(tally)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Store> Store for CachedStore<S> {
    /// Returns the name of the wrapped store, which is the source of answers and errors.
    fn backend(&self) -> &'static str {
        self.core.store.backend()
    }

    fn invites(&self) -> Option<&dyn votify_core::InviteStore> {
        self.core.store.invites()
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.core.create(poll).await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        match ids {
            [id] => Ok(vec![self.core.poll(*id).await?]),
            _ => self.core.store.polls(ids).await,
        }
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError> {
        self.core.store.list_polls(filter, page, now).await
    }

    async fn count_polls(
        &self,
        filter: &PollFilter,
        now: Timestamp,
    ) -> Result<PollCount, StoreError> {
        self.core.store.count_polls(filter, now).await
    }

    async fn count_session_polls(&self, max: u64) -> Result<u64, StoreError> {
        self.core.store.count_session_polls(max).await
    }

    async fn poll_by_join_code(
        &self,
        code: &JoinCode,
        now: Timestamp,
    ) -> Result<Option<PollId>, StoreError> {
        self.core.store.poll_by_join_code(code, now).await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        self.core.change(id, change, now).await
    }

    async fn seal_polls(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>> {
        self.core.seal(ids, cause, now).await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.core.delete(id).await
    }

    async fn delete_unused_poll(&self, id: PollId) -> Result<bool, StoreError> {
        self.core.delete_unused(id).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        self.core.cast(ballots, now).await
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        self.core.store.ballots_of(poll, voters).await
    }

    async fn accepted(
        &self,
        poll: PollId,
        ballots: &[(VoterId, BallotId)],
    ) -> Result<Vec<bool>, StoreError> {
        self.core.store.accepted(poll, ballots).await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        match polls {
            [poll] => Ok(vec![self.core.tally(*poll).await?]),
            _ => self.core.tallies(polls).await,
        }
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        self.core.store.ballots(poll)
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        self.core.store.audit_poll(id).await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.core.repair(id).await
    }

    async fn claim_owner(&self, account: OwnerId, session: OwnerId) -> Result<bool, StoreError> {
        self.core.store.claim_owner(account, session).await
    }

    async fn claimed_owners(&self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
        self.core.store.claimed_owners(accounts).await
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.core.store.server_time().await
    }

    async fn check_ready(&self) -> Result<(), StoreError> {
        self.core.store.check_ready().await
    }
}
