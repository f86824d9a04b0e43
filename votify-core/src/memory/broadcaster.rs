use std::sync::Arc;

use async_trait::async_trait;

use crate::backend::Fanout;
use crate::broadcast::{BroadcastError, Broadcaster, Delivery, DeliveryStream, Topic, Update};

/// A [`Broadcaster`] within this process. Clones share their topics.
#[derive(Debug, Clone, Default)]
pub struct MemoryBroadcaster {
    fanout: Fanout,
}

impl MemoryBroadcaster {
    /// Creates a broadcaster without subscriptions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of topics with a subscription.
    #[must_use]
    pub fn topic_count(&self) -> usize {
        self.fanout.topic_count()
    }
}

#[async_trait]
impl Broadcaster for MemoryBroadcaster {
    fn backend(&self) -> &'static str {
        "local"
    }

    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError> {
        for update in updates {
            let topic = update.topic();
            if self.fanout.has_subscribers(&topic) {
                let delivery = Delivery::Update(Arc::new(update.clone()));
                self.fanout.send(&topic, delivery);
            }
        }
        Ok(())
    }

    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        Ok(self.fanout.subscribe(*topic))
    }
}
