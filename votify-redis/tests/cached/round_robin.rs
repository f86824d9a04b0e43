use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use votify_core::ballot::{ActiveBallot, BatchReceipt};
use votify_core::poll::SealCause;
use votify_core::store::{Audit, ChangeOutcome, PollFilter, SealOutcome};
use votify_core::store::{Page, PageRequest};
use votify_core::{Ballot, Poll, PollChange, PollId, Store, StoreError, Tally, Timestamp, VoterId};
use votify_redis::CachedStore;

use crate::harness::InnerStore;

/// Several instances behind one store. Each call goes to the next instance, after all
/// pending writes to Redis are done.
#[derive(Debug)]
pub(crate) struct RoundRobin {
    instances: Vec<CachedStore<InnerStore>>,
    next: AtomicUsize,
}

impl RoundRobin {
    pub(crate) fn new(instances: Vec<CachedStore<InnerStore>>) -> Self {
        Self {
            instances,
            next: AtomicUsize::new(0),
        }
    }

    async fn flushed_next(&self) -> &CachedStore<InnerStore> {
        for instance in &self.instances {
            instance.flush().await;
        }
        self.next_instance()
    }

    fn next_instance(&self) -> &CachedStore<InnerStore> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        &self.instances[index % self.instances.len()]
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for RoundRobin {
    fn backend(&self) -> &'static str {
        self.instances[0].backend()
    }

    fn invites(&self) -> Option<&dyn votify_core::InviteStore> {
        self.instances[0].invites()
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.flushed_next().await.create_poll(poll).await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        let instance = self.flushed_next().await;
        // One at a time: only single polls are cached.
        let mut polls = Vec::new();
        for id in ids {
            polls.extend(instance.polls(&[*id]).await?);
        }
        Ok(polls)
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        self.flushed_next()
            .await
            .list_polls(filter, page, now)
            .await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        self.flushed_next().await.change_poll(id, change, now).await
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        self.flushed_next().await.seal_poll(id, cause, now).await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.flushed_next().await.delete_poll(id).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        self.flushed_next().await.cast_ballots(ballots, now).await
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        self.flushed_next().await.ballots_of(poll, voters).await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        let instance = self.flushed_next().await;
        let mut tallies = Vec::new();
        for poll in polls {
            tallies.extend(instance.tallies(&[*poll]).await?);
        }
        Ok(tallies)
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        self.next_instance().ballots(poll)
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        self.flushed_next().await.audit_poll(id).await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.flushed_next().await.repair_poll(id).await
    }
}
