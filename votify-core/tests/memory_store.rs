//! The in-memory store keeps the laws, by itself and shared.

use std::sync::Arc;

use votify_core::conformance::{FreshStore, StoreFixture};
use votify_core::{MemoryStore, Store};

struct Memory;

#[async_trait::async_trait]
impl StoreFixture for Memory {
    async fn fresh(&self) -> FreshStore {
        FreshStore::new(Arc::new(MemoryStore::new()))
    }
}

/// `Arc<dyn Store>` is a store of its own; opened again, it is the same store.
struct Shared;

#[async_trait::async_trait]
impl StoreFixture for Shared {
    async fn fresh(&self) -> FreshStore {
        let shared: Arc<dyn Store> = Arc::new(MemoryStore::new());
        FreshStore::open(move || {
            let another: Arc<dyn Store> = Arc::new(Arc::clone(&shared));
            async move { another }
        })
        .await
    }
}

mod by_itself {
    votify_core::store_conformance!(super::Memory);
}

mod shared {
    votify_core::store_conformance!(super::Shared);
}
