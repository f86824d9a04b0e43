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
use listen_task::ListenTask;
use subscriber::Subscriber;
use subscriptions::Subscriptions;

/// A [`Broadcaster`] over Redis pub/sub. Clones share one subscriber connection.
///
/// Pub/sub is plain on a single server and sharded on a cluster. A node has one
/// subscription per watched poll, independent of the number of viewers. On a cluster, the
/// updates of a poll pass only through the node that holds the poll.
///
/// # Connection loss
///
/// A lost connection is replaced after delays that grow from 50 ms to 500 ms, plus up to
/// 100 % jitter. Every subscription then delivers
/// [`Lagged`](votify_core::broadcast::Delivery::Lagged) before any further update. A
/// connection that stops responding is detected within 2 s plus the [timeout of a
/// call](crate::RedisBuilder::timeout).
///
/// Subscribing waits for the server's confirmation. If there is no connection, or no
/// confirmation in time, the stream starts with a `Lagged` once the subscription is
/// active.
///
/// # Security
///
/// A message that is not an update of the poll, such as one of a later version, is
/// delivered as `Lagged`. A client that can connect to the server can also read hidden
/// counts and send forged updates. Use a server, or a user and prefix, that only trusted
/// applications share.
///
/// # Examples
///
/// ```no_run
/// use votify_core::{PollEngine, Store};
/// use votify_redis::RedisBroadcaster;
///
/// # async fn run(store: impl Store) -> Result<(), Box<dyn std::error::Error>> {
/// let broadcaster = RedisBroadcaster::connect("redis://localhost").await?;
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
    subscriptions: Arc<Subscriptions>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl RedisBroadcaster {
    /// Connects to the server or cluster at `url`, like [`Redis::connect`].
    ///
    /// # Errors
    /// - [`BroadcastError::Unavailable`]: the server did not answer within 2 s. The
    ///   caller may retry.
    /// - [`BroadcastError::Failed`]: the URL is invalid or the server rejected the
    ///   connection. Retrying does not help.
    pub async fn connect(url: &str) -> Result<Self, BroadcastError> {
        let redis = Redis::connect(url).await.map_err(|error| {
            if error.is_transient() {
                BroadcastError::unavailable(NAME, error)
            } else {
                BroadcastError::failed(NAME, error)
            }
        })?;
        Self::from_client(redis).await
    }

    /// Creates a broadcaster that publishes over the connections of `redis`.
    ///
    /// It opens a connection of its own for subscriptions, one per node on a cluster.
    ///
    /// # Panics
    /// Panics outside of a tokio runtime. The runtime drives the subscriber task.
    ///
    /// # Errors
    /// - [`BroadcastError::Unavailable`]: no connection could be opened within the
    ///   timeout of `redis`. The caller may retry.
    /// - [`BroadcastError::Failed`]: the server rejected the connection. Retrying does
    ///   not help.
    pub async fn from_client(redis: Redis) -> Result<Self, BroadcastError> {
        let subscriptions = Arc::new(Subscriptions::default());
        let subscriber = Subscriber::open(&redis, &subscriptions, 1).await;
        let subscriber = subscriber.map_err(Error::into_broadcast_error)?;
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let task = ListenTask::new(redis.clone(), Arc::clone(&subscriptions));
        tasks.spawn(task.run(subscriber, shutdown.clone()));
        tasks.close();
        Ok(Self {
            shared: Arc::new(Shared {
                redis,
                subscriptions,
                shutdown,
                tasks,
            }),
        })
    }

    /// Returns the number of polls with subscribers on this instance.
    #[must_use]
    pub fn topic_count(&self) -> usize {
        self.shared.subscriptions.poll_count()
    }

    /// Closes this broadcaster and all of its clones.
    ///
    /// Every stream ends. The subscriber connection is closed when this returns.
    /// Cancelling the call only cancels the wait.
    ///
    /// Dropping the last clone closes the broadcaster too, without waiting.
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
            Ok((channel, wire::encode(update)?))
        });
        let messages: Result<Vec<_>, serde_json::Error> = messages.collect();
        let messages = messages.map_err(|error| BroadcastError::failed(NAME, error))?;
        let published = publish::publish(&self.shared.redis, messages).await;
        published.map_err(Error::into_broadcast_error)
    }

    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        let Topic::Poll(poll) = *topic else {
            return Err(BroadcastError::failed(NAME, "unsupported kind of topic"));
        };
        let limit = self.shared.redis.timeout();
        let subscribed = self.shared.subscriptions.subscribe(poll, limit).await;
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
