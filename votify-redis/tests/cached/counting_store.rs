use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use votify_core::conformance::ForwardStore;
use votify_core::{Ballot, BatchReceipt, Store, StoreError, Timestamp};

use crate::harness::InnerStore;

/// A store that counts its calls and ballots.
pub(crate) struct CountingStore {
    inner: InnerStore,
    calls: AtomicU64,
    ballots: AtomicU64,
    after_cast: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl fmt::Debug for CountingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl CountingStore {
    pub(crate) fn new(inner: InnerStore) -> Arc<Self> {
        Arc::new(Self {
            inner,
            calls: AtomicU64::new(0),
            ballots: AtomicU64::new(0),
            after_cast: Mutex::default(),
        })
    }

    /// Runs `action` once, after the next commit and before its reply.
    pub(crate) fn after_cast(&self, action: impl FnOnce() + Send + 'static) {
        *self.after_cast.lock().unwrap() = Some(Box::new(action));
    }

    /// Returns the number of calls since the last call of this function.
    pub(crate) fn take_calls(&self) -> u64 {
        self.calls.swap(0, Ordering::SeqCst)
    }

    /// Returns the number of ballots since the last call of this function.
    pub(crate) fn take_ballots(&self) -> u64 {
        self.ballots.swap(0, Ordering::SeqCst)
    }
}

#[async_trait]
impl ForwardStore for CountingStore {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn before_call(&self) -> Result<(), StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn cast_ballots(&self, ballots: &[Ballot], now: Timestamp) -> BatchReceipt {
        let count = u64::try_from(ballots.len()).unwrap();
        self.ballots.fetch_add(count, Ordering::SeqCst);
        self.calls.fetch_add(1, Ordering::SeqCst);
        let receipt = self.inner.cast_ballots(ballots, now).await;
        let action = self.after_cast.lock().unwrap().take();
        if let Some(action) = action {
            action();
        }
        receipt
    }
}
