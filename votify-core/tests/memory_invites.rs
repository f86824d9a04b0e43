//! The in-memory store keeps the laws of invites, by itself and shared.

use std::sync::Arc;

use votify_core::MemoryStore;
use votify_core::conformance::{FreshInvites, InviteFixture, InviteHandle};

struct Memory;

#[async_trait::async_trait]
impl InviteFixture for Memory {
    async fn fresh(&self) -> FreshInvites {
        FreshInvites::new(InviteHandle::new(Arc::new(MemoryStore::new())))
    }
}

/// A shared store is a store of its own; opened again, it is the same store.
struct Shared;

#[async_trait::async_trait]
impl InviteFixture for Shared {
    async fn fresh(&self) -> FreshInvites {
        let shared = Arc::new(MemoryStore::new());
        FreshInvites::open(move || {
            let another = InviteHandle::new(Arc::new(Arc::clone(&shared)));
            async move { another }
        })
        .await
    }
}

mod by_itself {
    votify_core::invite_conformance!(super::Memory);
}

mod shared {
    votify_core::invite_conformance!(super::Shared);
}
