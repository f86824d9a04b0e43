//! A memory store with injected faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use async_trait::async_trait;
use votify_core::backend::group_by_poll;
use votify_core::conformance::ForwardStore;
use votify_core::{Ballot, BatchReceipt, InviteStore, MemoryStore, Store, StoreError, Timestamp};

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
impl ForwardStore for FailingStore {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn before_call(&self) -> Result<(), StoreError> {
        self.check()
    }

    fn backend(&self) -> &'static str {
        "failing"
    }

    fn invites(&self) -> Option<&dyn InviteStore> {
        None
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
}
