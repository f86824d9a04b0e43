//! The in-memory store keeps the laws.

use std::sync::Arc;

use votify_core::MemoryStore;
use votify_core::conformance::{FreshStore, StoreFixture};

struct Memory;

#[async_trait::async_trait]
impl StoreFixture for Memory {
    async fn fresh(&self) -> FreshStore {
        FreshStore::new(Arc::new(MemoryStore::new()))
    }
}

votify_core::store_conformance!(Memory);
