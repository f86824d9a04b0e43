//! A store that counts tally reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use votify_core::conformance::ForwardStore;
use votify_core::{MemoryStore, PollId, Store, StoreError, Tally};

/// A `MemoryStore` that counts calls of [`Store::tallies`].
#[derive(Debug, Default)]
pub(crate) struct CountingStore {
    inner: MemoryStore,
    tally_reads: Arc<AtomicU64>,
}

impl CountingStore {
    /// Returns the shared counter of the calls.
    pub(crate) fn tally_reads(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.tally_reads)
    }
}

#[async_trait]
impl ForwardStore for CountingStore {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        self.tally_reads.fetch_add(1, Ordering::Relaxed);
        self.inner.tallies(polls).await
    }
}
