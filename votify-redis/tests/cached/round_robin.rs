use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use votify_core::conformance::ForwardStore;
use votify_core::{InviteStore, Poll, PollId, Store, StoreError, Tally};
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

    fn next_instance(&self) -> &CachedStore<InnerStore> {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        &self.instances[index % self.instances.len()]
    }
}

#[async_trait]
impl ForwardStore for RoundRobin {
    fn inner(&self) -> &dyn Store {
        self.next_instance()
    }

    async fn before_call(&self) -> Result<(), StoreError> {
        for instance in &self.instances {
            instance.flush().await;
        }
        Ok(())
    }

    fn backend(&self) -> &'static str {
        self.instances[0].backend()
    }

    fn invites(&self) -> Option<&dyn InviteStore> {
        self.instances[0].invites()
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        self.before_call().await?;
        let instance = self.next_instance();
        // One at a time: only single polls are cached.
        let mut polls = Vec::new();
        for id in ids {
            polls.extend(instance.polls(&[*id]).await?);
        }
        Ok(polls)
    }

    async fn tallies(&self, polls: &[PollId]) -> Result<Vec<Option<Tally>>, StoreError> {
        self.before_call().await?;
        let instance = self.next_instance();
        let mut tallies = Vec::new();
        for poll in polls {
            tallies.extend(instance.tallies(&[*poll]).await?);
        }
        Ok(tallies)
    }
}
