//! A memory store with injected faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use votify_core::backend::group_by_poll;
use votify_core::ballot::{ActiveBallot, Ballot, BatchReceipt};
use votify_core::poll::SealCause;
use votify_core::store::{Audit, ChangeOutcome, PollFilter, SealOutcome};
use votify_core::{
    MemoryStore, Page, PageRequest, Poll, PollChange, PollId, Store, StoreError, Tally, Timestamp,
    VoterId,
};

/// An internal detail that must not reach clients.
pub const INTERNAL_DETAIL: &str = "ORA-00942: table or view does not exist";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    None,
    Unavailable,
    Corrupt,
    /// `cast_ballots` never returns.
    Stuck,
}

#[derive(Debug, Clone, Default)]
pub struct FailingStore {
    inner: Arc<MemoryStore>,
    fault: Arc<AtomicU8>,
}

impl FailingStore {
    pub fn set(&self, fault: Fault) {
        self.fault.store(fault as u8, Ordering::SeqCst);
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault.load(Ordering::SeqCst) == fault as u8
    }

    fn check(&self) -> Result<(), StoreError> {
        let source = || std::io::Error::other(INTERNAL_DETAIL);
        if self.is(Fault::Unavailable) {
            return Err(StoreError::unavailable("failing", source()));
        }
        if self.is(Fault::Corrupt) {
            return Err(StoreError::corrupt("failing", source()));
        }
        Ok(())
    }
}

#[async_trait]
impl Store for FailingStore {
    fn backend(&self) -> &'static str {
        "failing"
    }

    fn invites(&self) -> Option<&dyn votify_core::InviteStore> {
        None
    }

    async fn create_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        self.check()?;
        self.inner.create_poll(poll).await
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        self.check()?;
        self.inner.polls(ids).await
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<Poll>, StoreError> {
        self.check()?;
        self.inner.list_polls(filter, page, now).await
    }

    async fn change_poll(
        &self,
        id: PollId,
        change: &PollChange,
        now: Timestamp,
    ) -> Result<ChangeOutcome, StoreError> {
        self.check()?;
        self.inner.change_poll(id, change, now).await
    }

    async fn seal_poll(
        &self,
        id: PollId,
        cause: SealCause,
        now: Timestamp,
    ) -> Result<SealOutcome, StoreError> {
        self.check()?;
        self.inner.seal_poll(id, cause, now).await
    }

    async fn delete_poll(&self, id: PollId) -> Result<(), StoreError> {
        self.check()?;
        self.inner.delete_poll(id).await
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        if self.is(Fault::Stuck) {
            std::future::pending::<()>().await;
        }
        if let Err(error) = self.check() {
            let mut receipt = BatchReceipt::unknown_polls(ballots.len());
            for part in group_by_poll(ballots) {
                receipt.fail(&part, &error);
            }
            return receipt;
        }
        self.inner.cast_ballots(ballots, now).await
    }

    async fn ballots_of(
        &self,
        poll: PollId,
        voters: &[VoterId],
    ) -> Result<Vec<Option<ActiveBallot>>, StoreError> {
        self.check()?;
        self.inner.ballots_of(poll, voters).await
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        self.check()?;
        self.inner.tallies(polls).await
    }

    fn ballots(&self, poll: PollId) -> BoxStream<'_, Result<ActiveBallot, StoreError>> {
        self.inner.ballots(poll)
    }

    async fn audit_poll(&self, id: PollId) -> Result<Audit, StoreError> {
        self.inner.audit_poll(id).await
    }

    async fn repair_poll(&self, id: PollId) -> Result<Tally, StoreError> {
        self.inner.repair_poll(id).await
    }
}
