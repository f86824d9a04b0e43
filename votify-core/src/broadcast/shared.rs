use std::sync::Arc;

use async_trait::async_trait;

use crate::broadcast::{BroadcastError, Broadcaster, DeliveryStream, Topic, Update};

/// A shared broadcaster is a broadcaster.
#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<B: Broadcaster + ?Sized> Broadcaster for Arc<B> {
    fn backend(&self) -> &'static str {
        (**self).backend()
    }

    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError> {
        (**self).publish(updates).await
    }

    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        (**self).subscribe(topic).await
    }
}
