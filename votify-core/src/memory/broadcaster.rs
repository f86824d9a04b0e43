use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::broadcast::{BroadcastError, Broadcaster, Deliveries, Delivery, Topic, Update};

/// How many updates a slow reader may fall behind before it misses some.
const BACKLOG: usize = 64;

/// A [`Broadcaster`] within this process; clones share their topics.
#[derive(Debug, Clone, Default)]
pub struct MemoryBroadcaster {
    topics: Arc<Mutex<HashMap<Topic, broadcast::Sender<Arc<Update>>>>>,
}

impl MemoryBroadcaster {
    /// A broadcaster that nobody else shares yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many topics somebody listens to.
    #[must_use]
    pub fn topics(&self) -> usize {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        topics.retain(|_, sender| sender.receiver_count() > 0);
        topics.len()
    }
}

#[async_trait]
impl Broadcaster for MemoryBroadcaster {
    fn backend(&self) -> &'static str {
        "local"
    }

    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError> {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        for update in updates {
            let topic = update.topic();
            if let Some(sender) = topics.get(&topic)
                && sender.send(Arc::new(update.clone())).is_err()
            {
                topics.remove(&topic);
            }
        }
        Ok(())
    }

    async fn subscribe(&self, topic: &Topic) -> Result<Deliveries, BroadcastError> {
        let subscription = Subscription {
            updates: self
                .topics
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(*topic)
                .or_insert_with(|| broadcast::Sender::new(BACKLOG))
                .subscribe(),
            topic: *topic,
            topics: Arc::clone(&self.topics),
        };
        Ok(stream::unfold(subscription, |mut subscription| async move {
            match subscription.updates.recv().await {
                Ok(update) => Some((Delivery::Update(update), subscription)),
                Err(RecvError::Lagged(_)) => Some((Delivery::Missed, subscription)),
                Err(RecvError::Closed) => None,
            }
        })
        .boxed())
    }
}

/// One listener; the last one of a topic takes the topic with it.
struct Subscription {
    updates: broadcast::Receiver<Arc<Update>>,
    topic: Topic,
    topics: Arc<Mutex<HashMap<Topic, broadcast::Sender<Arc<Update>>>>>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        // This receiver still counts.
        if topics
            .get(&self.topic)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            topics.remove(&self.topic);
        }
    }
}
