use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use crate::broadcast::{Broadcaster, Delivery, DeliveryStream, Update};
use crate::conformance::broadcaster::updates::topic;
use crate::poll::Poll;

/// An update that has not arrived after this time counts as lost. Far above the latency
/// of any broadcaster.
const LOST_AFTER: Duration = Duration::from_secs(60);

/// A subscription to a poll's topic.
pub(crate) struct Subscriber(DeliveryStream);

impl Subscriber {
    pub(crate) async fn new(instance: &Arc<dyn Broadcaster>, poll: &Poll) -> Self {
        let deliveries = instance.subscribe(&topic(poll)).await;
        Self(deliveries.expect("subscribe succeeds"))
    }

    /// Returns the next delivery. `None` if none arrives within `time`.
    pub(crate) async fn within(&mut self, time: Duration) -> Option<Delivery> {
        let delivery = tokio::time::timeout(time, self.0.next()).await.ok()?;
        Some(delivery.expect("the stream does not end before its broadcaster"))
    }

    pub(crate) async fn next(&mut self) -> Delivery {
        let delivery = self.within(LOST_AFTER).await;
        delivery.expect("a delivery arrives within a minute")
    }

    /// Returns the next update and skips `Lagged`.
    pub(crate) async fn next_update(&mut self) -> Update {
        loop {
            if let Delivery::Update(update) = self.next().await {
                return Update::clone(&update);
            }
        }
    }
}

pub(crate) async fn publish(instance: &Arc<dyn Broadcaster>, updates: &[Update]) {
    let published = instance.publish(updates).await;
    published.expect("publish succeeds");
}
