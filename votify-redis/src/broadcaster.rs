mod listen_task;
mod publish;
mod subscriber;
mod subscriptions;
mod wire;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use votify_core::Broadcaster;
use votify_core::broadcast::{BroadcastError, DeliveryStream, Topic, Update};

use crate::connect::Redis;
use crate::error::{Error, NAME};
use listen_task::Listening;
use subscriber::Ear;
use subscriptions::Topics;

/// A [`Broadcaster`] over Redis' pub/sub: plain on one server, sharded on a cluster; clones share one connection that
/// listens.
///
/// A node has one subscription per watched poll, however many listen to it, and none to a poll that nobody watches. On
/// a cluster each poll's news pass through the node that holds the poll, and no other.
///
/// A connection that is lost is replaced, after pauses that grow from 50 milliseconds to half a second, and up to twice as
/// long by chance. Every subscription then gets a [`Lagged`](votify_core::broadcast::Delivery::Lagged) as soon as it is
/// live again, before anything else. One that was lost without a word is noticed within
/// two seconds more than a [call may take](crate::RedisBuilder::timeout).
///
/// Subscribing waits until the server has confirmed it. Where there is no connection at that moment, or no answer in time,
/// it does not wait for one: the stream begins with a `Lagged` when there is.
///
/// What somebody else sends on a poll's channel and is no update of that poll, such as an update of a later version, is
/// a `Lagged` to those who watch it. Whoever may connect to the server may also listen, to counts that are hidden from
/// viewers too, and send updates of their own: give Votify a server, or a user and prefix of it, that is not shared with
/// others who are not trusted.
///
/// ```no_run
/// use votify_core::{PollEngine, Store};
/// use votify_redis::{Redis, RedisBroadcaster};
///
/// # async fn run(store: impl Store) -> Result<(), Box<dyn std::error::Error>> {
/// let redis = Redis::connect("redis://localhost").await?;
/// let broadcaster = RedisBroadcaster::open(redis).await?;
/// let engine = PollEngine::builder(store).broadcaster(broadcaster).build();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisBroadcaster {
    shared: Arc<Shared>,
}

struct Shared {
    redis: Redis,
    topics: Arc<Topics>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl RedisBroadcaster {
    /// Listens with a connection of its own (on a cluster, one to each node), and publishes with those of `redis`.
    ///
    /// Must be called within a tokio runtime, which from then on runs the task that listens.
    ///
    /// # Errors
    /// [`Unavailable`](BroadcastError::Unavailable) if no connection can be made in time, and
    /// [`Failed`](BroadcastError::Failed) if the server refuses it.
    pub async fn open(redis: Redis) -> Result<Self, BroadcastError> {
        let topics = Arc::new(Topics::default());
        let ear = Ear::open(&redis, &topics, 1).await;
        let ear = ear.map_err(Error::into_broadcast_error)?;
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let listening = Listening::new(redis.clone(), Arc::clone(&topics));
        tasks.spawn(listening.run(ear, shutdown.clone()));
        tasks.close();
        Ok(Self {
            shared: Arc::new(Shared {
                redis,
                topics,
                shutdown,
                tasks,
            }),
        })
    }

    /// How many polls somebody listens to on this node: so many subscriptions it has, or will have in a moment.
    #[must_use]
    pub fn topic_count(&self) -> usize {
        self.shared.topics.count()
    }

    /// Ends this broadcaster and all of its clones: every stream ends, and the connection that listens is closed when this
    /// returns. Cancelling it loses nothing but the wait.
    ///
    /// Dropping the last clone does the same, without waiting for it.
    pub async fn close(&self) {
        self.shared.shutdown.cancel();
        self.shared.tasks.wait().await;
    }
}

#[async_trait]
impl Broadcaster for RedisBroadcaster {
    fn backend(&self) -> &'static str {
        NAME
    }

    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError> {
        if self.shared.shutdown.is_cancelled() {
            return Err(Error::Closed.into_broadcast_error());
        }
        let messages = updates.iter().map(|update| {
            let channel = wire::channel(&self.shared.redis, update.poll());
            Ok((channel, wire::payload(update)?))
        });
        let messages: Result<Vec<_>, serde_json::Error> = messages.collect();
        let messages = messages.map_err(|error| BroadcastError::failed(NAME, error))?;
        let handed_over = publish::hand_over(&self.shared.redis, messages).await;
        handed_over.map_err(Error::into_broadcast_error)
    }

    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        let Topic::Poll(poll) = *topic else {
            return Err(BroadcastError::failed(NAME, "a topic of an unknown kind"));
        };
        let within = self.shared.redis.timeout();
        let subscribed = self.shared.topics.subscribe(poll, within).await;
        subscribed.map_err(Error::into_broadcast_error)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl fmt::Debug for RedisBroadcaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBroadcaster")
            .field("redis", &self.shared.redis)
            .field("topics", &self.topic_count())
            .finish_non_exhaustive()
    }
}
