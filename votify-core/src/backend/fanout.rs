use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, StreamExt};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::broadcast::{Delivery, DeliveryStream, Topic};

/// The number of deliveries buffered for each subscription.
const CAPACITY: usize = 64;

/// Delivers updates to the subscriptions of this process.
///
/// For broadcasters whose transport brings each update to a process once. Clones share
/// their topics.
///
/// Each subscription buffers up to 64 deliveries. A slower reader gets one
/// [`Delivery::Lagged`] in place of the oldest ones. Sending never waits.
///
/// ```
/// # use futures_util::StreamExt;
/// use votify_core::PollId;
/// use votify_core::backend::Fanout;
/// use votify_core::broadcast::{Delivery, Topic};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let fanout = Fanout::new();
/// let topic = Topic::Poll(PollId::from_bytes([1; 16]));
/// let mut deliveries = fanout.subscribe(topic);
/// fanout.send(&topic, Delivery::Lagged);
/// assert_eq!(deliveries.next().await, Some(Delivery::Lagged));
///
/// drop(deliveries);
/// assert!(!fanout.has_subscribers(&topic));
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Fanout {
    topics: Arc<Mutex<Topics>>,
}

#[derive(Default)]
struct Topics {
    senders: HashMap<Topic, broadcast::Sender<Delivery>>,
    closed: bool,
}

impl Fanout {
    /// Creates a fan-out without subscriptions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of topics with a subscription.
    #[must_use]
    pub fn topic_count(&self) -> usize {
        self.lock().senders.len()
    }

    /// Returns true if the topic has a subscription, so that creating a delivery is
    /// worthwhile.
    #[must_use]
    pub fn has_subscribers(&self, topic: &Topic) -> bool {
        self.lock().senders.contains_key(topic)
    }

    /// Sends a delivery to all current subscriptions of a topic.
    pub fn send(&self, topic: &Topic, delivery: Delivery) {
        if let Some(sender) = self.lock().senders.get(topic) {
            // An error means that the last subscription is being dropped.
            let _ = sender.send(delivery);
        }
    }

    /// Sends [`Delivery::Lagged`] to every subscription of every topic.
    pub fn notify_lagged(&self) {
        for sender in self.lock().senders.values() {
            let _ = sender.send(Delivery::Lagged);
        }
    }

    /// Subscribes to a topic until the stream is dropped or the fan-out is closed.
    #[must_use]
    pub fn subscribe(&self, topic: Topic) -> DeliveryStream {
        let mut topics = self.lock();
        if topics.closed {
            return stream::empty().boxed();
        }
        let sender = topics.senders.entry(topic);
        let subscription = Subscription {
            deliveries: sender
                .or_insert_with(|| broadcast::Sender::new(CAPACITY))
                .subscribe(),
            _guard: SubscriptionGuard {
                fanout: self.clone(),
                topic,
            },
        };
        drop(topics);
        stream::unfold(subscription, |mut subscription| async move {
            match subscription.deliveries.recv().await {
                Ok(delivery) => Some((delivery, subscription)),
                Err(RecvError::Lagged(_)) => Some((Delivery::Lagged, subscription)),
                Err(RecvError::Closed) => None,
            }
        })
        .boxed()
    }

    /// Ends every stream after its buffered deliveries. Later subscriptions end at once.
    pub fn close(&self) {
        let mut topics = self.lock();
        topics.closed = true;
        topics.senders.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Fanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topics = self.lock();
        f.debug_struct("Fanout")
            .field("topics", &topics.senders.len())
            .field("closed", &topics.closed)
            .finish()
    }
}

/// One subscription. Fields drop in order: the receiver must be gone when the guard
/// counts receivers.
struct Subscription {
    deliveries: broadcast::Receiver<Delivery>,
    _guard: SubscriptionGuard,
}

/// Removes the topic when its last subscription is dropped.
struct SubscriptionGuard {
    fanout: Fanout,
    topic: Topic,
}

impl Drop for SubscriptionGuard {
    fn drop(&mut self) {
        let mut topics = self.fanout.lock();
        if topics
            .senders
            .get(&self.topic)
            .is_some_and(|sender| sender.receiver_count() == 0)
        {
            topics.senders.remove(&self.topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PollId;

    fn topic(n: u8) -> Topic {
        Topic::Poll(PollId::from_bytes([n; 16]))
    }

    #[test]
    fn dropping_the_last_subscription_removes_the_topic() {
        let fanout = Fanout::new();
        let (a, again, b) = (
            fanout.subscribe(topic(1)),
            fanout.subscribe(topic(1)),
            fanout.subscribe(topic(2)),
        );
        assert_eq!(fanout.topic_count(), 2);
        drop(a);
        assert!(fanout.has_subscribers(&topic(1)));
        drop(again);
        assert!(!fanout.has_subscribers(&topic(1)));
        drop(b);
        assert_eq!(fanout.topic_count(), 0);
    }

    #[test]
    fn concurrent_drops_leave_no_topic() {
        let fanout = Fanout::new();
        for _ in 0..200 {
            let start = Arc::new(std::sync::Barrier::new(4));
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let (start, deliveries) = (Arc::clone(&start), fanout.subscribe(topic(1)));
                    std::thread::spawn(move || {
                        start.wait();
                        drop(deliveries);
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(fanout.topic_count(), 0);
        }
    }

    #[tokio::test]
    async fn notify_lagged_reaches_every_topic() {
        let fanout = Fanout::new();
        let mut subscriptions = [fanout.subscribe(topic(1)), fanout.subscribe(topic(2))];
        fanout.notify_lagged();
        for subscription in &mut subscriptions {
            assert_eq!(subscription.next().await, Some(Delivery::Lagged));
        }
    }

    #[tokio::test]
    async fn closing_ends_streams_after_buffered_deliveries() {
        let fanout = Fanout::new();
        let mut before = fanout.subscribe(topic(1));
        fanout.send(&topic(1), Delivery::Lagged);
        fanout.close();
        assert_eq!(before.next().await, Some(Delivery::Lagged));
        assert_eq!(before.next().await, None);
        assert_eq!(fanout.subscribe(topic(1)).next().await, None);
        assert_eq!(fanout.topic_count(), 0);
    }
}
