use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use crate::broadcast::{Broadcaster, Delivery, DeliveryStream, Update};
use crate::conformance::broadcaster::updates::topic;
use crate::poll::Poll;

/// How long an update may be on its way before it is taken for lost. Far above what any broadcaster needs.
const LOST: Duration = Duration::from_secs(60);

/// Somebody who listens to a poll.
pub(crate) struct Subscriber(DeliveryStream);

impl Subscriber {
    pub(crate) async fn new(node: &Arc<dyn Broadcaster>, poll: &Poll) -> Self {
        let deliveries = node.subscribe(&topic(poll)).await;
        Self(deliveries.expect("subscribe succeeds"))
    }

    /// The next delivery, unless nothing comes for that long.
    pub(crate) async fn within(&mut self, time: Duration) -> Option<Delivery> {
        let delivery = tokio::time::timeout(time, self.0.next()).await.ok()?;
        Some(delivery.expect("the stream goes on as long as its broadcaster"))
    }

    pub(crate) async fn next(&mut self) -> Delivery {
        let delivery = self.within(LOST).await;
        delivery.expect("something arrives")
    }

    /// The next update; that something was missed may be told before it.
    pub(crate) async fn next_update(&mut self) -> Update {
        loop {
            if let Delivery::Update(update) = self.next().await {
                return Update::clone(&update);
            }
        }
    }
}

pub(crate) async fn publish(node: &Arc<dyn Broadcaster>, updates: &[Update]) {
    let published = node.publish(updates).await;
    published.expect("publish succeeds");
}
