//! The in-memory broadcaster keeps the laws; its clones are nodes on one carrier.

use std::sync::Arc;

use votify_core::MemoryBroadcaster;
use votify_core::conformance::{BroadcasterFixture, FreshBroadcaster};

struct Memory;

#[async_trait::async_trait]
impl BroadcasterFixture for Memory {
    async fn fresh(&self) -> FreshBroadcaster {
        let node = MemoryBroadcaster::new();
        let other = Arc::new(node.clone());
        FreshBroadcaster::new(Arc::new(node)).with_another_node(other)
    }
}

votify_core::broadcaster_conformance!(Memory);
