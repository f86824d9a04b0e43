use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, StreamExt};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::broadcast::{Delivery, DeliveryStream, Topic};

/// How many deliveries a slow reader may fall behind before it misses some.
const BACKLOG: usize = 64;

/// Hands deliveries to the subscriptions of this process, for broadcasters whose carrier brings each update to a process
/// once; clones share their topics.
///
/// What a topic's subscriptions get is kept for each up to 64 deliveries; a reader that is further behind gets one
/// [`Delivery::Lagged`] in place of the oldest, and nobody ever waits for it.
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
    /// One that nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many topics somebody listens to.
    #[must_use]
    pub fn topic_count(&self) -> usize {
        self.lock().senders.len()
    }

    /// Whether somebody listens to a topic, so that there is a use in making a delivery for it.
    #[must_use]
    pub fn has_subscribers(&self, topic: &Topic) -> bool {
        self.lock().senders.contains_key(topic)
    }

    /// Hands a delivery to all who listen to a topic now.
    pub fn deliver(&self, topic: &Topic, delivery: Delivery) {
        if let Some(sender) = self.lock().senders.get(topic) {
            // The last one may be about to leave.
            let _ = sender.send(delivery);
        }
    }

    /// Tells every subscription of every topic that it missed something.
    pub fn notify_lagged(&self) {
        for sender in self.lock().senders.values() {
            let _ = sender.send(Delivery::Lagged);
        }
    }

    /// Listens to a topic, from now on until the stream is dropped or the fan-out is closed.
    #[must_use]
    pub fn subscribe(&self, topic: Topic) -> DeliveryStream {
        let mut topics = self.lock();
        if topics.closed {
            return stream::empty().boxed();
        }
        let sender = topics.senders.entry(topic);
        let subscription = Subscription {
            deliveries: sender
                .or_insert_with(|| broadcast::Sender::new(BACKLOG))
                .subscribe(),
            _seat: Seat {
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

    /// Ends every stream, after what it was handed before, and those to come at once.
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

/// One listener. Its receiver is dropped before its seat, so that the last seat of a topic sees that nobody is left.
struct Subscription {
    deliveries: broadcast::Receiver<Delivery>,
    _seat: Seat,
}

/// Takes its topic out of the fan-out when nobody listens to it any more.
struct Seat {
    fanout: Fanout,
    topic: Topic,
}

impl Drop for Seat {
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
    fn a_topic_goes_with_its_last_listener() {
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
    fn topics_do_not_pile_up_when_listeners_leave_at_once() {
        let fanout = Fanout::new();
        for _ in 0..200 {
            let start = Arc::new(std::sync::Barrier::new(4));
            let leavers: Vec<_> = (0..4)
                .map(|_| {
                    let (start, deliveries) = (Arc::clone(&start), fanout.subscribe(topic(1)));
                    std::thread::spawn(move || {
                        start.wait();
                        drop(deliveries);
                    })
                })
                .collect();
            for leaver in leavers {
                leaver.join().unwrap();
            }
            assert_eq!(fanout.topic_count(), 0);
        }
    }

    #[tokio::test]
    async fn all_are_told_that_they_missed_something() {
        let fanout = Fanout::new();
        let mut listeners = [fanout.subscribe(topic(1)), fanout.subscribe(topic(2))];
        fanout.notify_lagged();
        for listener in &mut listeners {
            assert_eq!(listener.next().await, Some(Delivery::Lagged));
        }
    }

    #[tokio::test]
    async fn streams_end_when_it_is_closed() {
        let fanout = Fanout::new();
        let mut before = fanout.subscribe(topic(1));
        fanout.deliver(&topic(1), Delivery::Lagged);
        fanout.close();
        assert_eq!(before.next().await, Some(Delivery::Lagged));
        assert_eq!(before.next().await, None);
        assert_eq!(fanout.subscribe(topic(1)).next().await, None);
        assert_eq!(fanout.topic_count(), 0);
    }
}
