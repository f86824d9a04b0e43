mod builder;
mod call;
#[cfg(feature = "cluster")]
mod cluster;
mod connection;
mod prefix;
mod single;
mod target;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use redis::aio::AsyncPushSender;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, ScriptInvocation, Value};
use tokio::time::timeout;
use votify_core::PollId;

pub use builder::RedisBuilder;
use call::Call;
#[cfg(feature = "cluster")]
use cluster::Cluster;
pub(crate) use connection::Connection;
use prefix::Prefix;
use single::Single;
use target::Target;

use crate::error::{ConnectError, Error};

/// Delays before a call that was not executed is retried, each with up to 100 % jitter.
///
/// Together they are about 100 ms on average, because a voter waits for the call.
const RETRY_DELAYS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(10))
    .with_max_delay(Duration::from_millis(40))
    .with_max_times(3)
    .with_jitter();

/// A client for one Redis server or one Redis Cluster. Clones share its connections.
///
/// All clones send their commands over one connection, or over one connection per cluster
/// node. Lost connections are replaced automatically. A [`RedisBroadcaster`] opens one
/// further connection for its subscriptions.
///
/// Every call has a timeout, which [defaults to 2 s](RedisBuilder::timeout). A call that
/// was not sent, or that the server postponed, is retried up to 3 times within about
/// 100 ms.
///
/// `Debug` prints no password.
///
/// ```no_run
/// use votify_redis::{Redis, RedisBroadcaster, RedisStore};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let redis = Redis::connect("redis://:password@localhost:6379").await?;
/// // Store and broadcaster share the client's connection for commands.
/// let store = RedisStore::from_client(redis.clone()).await?;
/// let broadcaster = RedisBroadcaster::from_client(redis).await?;
/// # Ok(())
/// # }
/// ```
///
/// [`RedisBroadcaster`]: crate::RedisBroadcaster
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
    prefix: Prefix,
}

struct Inner {
    target: Target,
    topology: Topology,
}

enum Topology {
    Single(Arc<Single>),
    #[cfg(feature = "cluster")]
    Cluster(Cluster),
}

impl Redis {
    /// The default timeout of a call: 2 s.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

    /// Connects to a server, or to the cluster that the server belongs to.
    ///
    /// Clusters need the feature `cluster`.
    ///
    /// `url` is `redis://[user:password@]host[:port][/database]`. The scheme `rediss`
    /// uses TLS and needs the feature `tls`. Reserved characters are percent-encoded. The
    /// database does not separate channels: pub/sub is shared by all databases of a
    /// server.
    ///
    /// # Panics
    /// Panics outside of a tokio runtime. The runtime drives the connections.
    ///
    /// # Errors
    /// - [`ConnectError::Unavailable`]: the server did not answer within 2 s. The caller
    ///   may retry.
    /// - [`ConnectError::Failed`]: the URL is invalid, the server rejected user and
    ///   password, or a feature is missing. Retrying does not help.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder(url).connect().await
    }

    /// Returns a builder that sets prefix, timeout and certificates before it connects.
    #[must_use]
    pub fn builder(url: &str) -> RedisBuilder {
        RedisBuilder::from_url(url)
    }

    /// Connects with the settings of the host's `redis` client.
    ///
    /// The new client opens connections of its own, and always uses RESP3.
    ///
    /// A cluster is found through any node. Certificates of `client` do not carry over to
    /// the other nodes of a cluster: pass them to a [`builder`](Self::builder) instead.
    ///
    /// # Errors
    /// Same as [`connect`](Self::connect).
    pub async fn from_client(client: redis::Client) -> Result<Self, ConnectError> {
        RedisBuilder::from_client(client).connect().await
    }

    /// Returns a client whose keys and channels begin with `prefix:` instead of
    /// `votify:`.
    ///
    /// Applications that share a server but not their polls need different prefixes.
    ///
    /// # Errors
    /// Returns [`ConnectError::Failed`] unless `prefix` has 1 to 64 characters, all of
    /// them ASCII letters, digits, `-`, `_`, `.` or `:`.
    pub fn with_prefix(mut self, prefix: &str) -> Result<Self, ConnectError> {
        self.prefix = Prefix::parse(prefix).map_err(Error::into_connect_error)?;
        Ok(self)
    }

    /// Returns true if the server is part of a Redis Cluster.
    #[must_use]
    pub fn is_cluster(&self) -> bool {
        match self.inner.topology {
            Topology::Single(_) => false,
            #[cfg(feature = "cluster")]
            Topology::Cluster(_) => true,
        }
    }

    async fn open(target: Target, prefix: Prefix) -> Result<Self, Error> {
        let single = Single::new(target.clone());
        let limit = target.timeout;
        let open = async {
            let mut connection = single.connection().await?;
            if !target::is_in_cluster(&mut connection).await? {
                return Ok(Topology::Single(Arc::clone(&single)));
            }
            #[cfg(feature = "cluster")]
            return Ok(Topology::Cluster(Cluster::open(&target, connection).await?));
            #[cfg(not(feature = "cluster"))]
            Err(Error::InvalidUrl(
                "the server is a node of a cluster: enable the feature `cluster` of votify-redis"
                    .to_owned(),
            ))
        };
        let opened = timeout(limit, open).await;
        let topology = opened.unwrap_or(Err(Error::Timeout(limit)));
        let topology = topology.map_err(|error| error.redacted(target.password()))?;
        Ok(Self {
            inner: Arc::new(Inner { target, topology }),
            prefix,
        })
    }

    /// Returns a key or channel name of a poll. All names of one poll share a cluster
    /// slot.
    pub(crate) fn poll_key(&self, poll: PollId, suffix: &str) -> String {
        format!("{}:{{{poll}}}:{suffix}", self.prefix.as_str())
    }

    /// Returns a key that belongs to no poll.
    pub(crate) fn key(&self, suffix: &str) -> String {
        format!("{}:{suffix}", self.prefix.as_str())
    }

    /// Returns the timeout of a call.
    pub(crate) fn timeout(&self) -> Duration {
        self.inner.target.timeout
    }

    pub(crate) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Error> {
        self.call(Call::Command(command)).await
    }

    /// Runs a pipeline. On a cluster, all keys must be in one cluster slot.
    pub(crate) async fn pipeline<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
    ) -> Result<T, Error> {
        self.call(Call::Pipeline(pipeline)).await
    }

    /// Runs a script. On a cluster, all keys must be in one cluster slot.
    pub(crate) async fn script<T: FromRedisValue>(
        &self,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<T, Error> {
        self.call(Call::Script(invocation)).await
    }

    /// Runs a script with a timeout of at most `limit`.
    pub(crate) async fn script_with_timeout<T: FromRedisValue>(
        &self,
        invocation: &ScriptInvocation<'_>,
        limit: Duration,
    ) -> Result<T, Error> {
        self.call_with_timeout(Call::Script(invocation), limit.min(self.timeout()))
            .await
    }

    /// Runs a keyless command on the server, or on every master of a cluster.
    ///
    /// Returns one reply per server.
    pub(crate) async fn run_on_masters<T: FromRedisValue>(
        &self,
        command: &Cmd,
    ) -> Result<Vec<T>, Error> {
        match &self.inner.topology {
            Topology::Single(_) => Ok(vec![self.run(command).await?]),
            #[cfg(feature = "cluster")]
            Topology::Cluster(cluster) => {
                let limit = self.timeout();
                let replies = timeout(limit, cluster.run_on_masters(command)).await;
                replies.unwrap_or(Err(Error::Timeout(limit)))
            }
        }
    }

    /// Opens a dedicated connection that forwards push messages to `pushes`.
    ///
    /// On a cluster it consists of one connection per node, which the driver partly
    /// replaces. On a single server, a lost connection is not replaced.
    pub(crate) async fn connection_with_pushes(
        &self,
        pushes: impl AsyncPushSender,
    ) -> Result<Connection, Error> {
        let limit = self.timeout();
        let target = &self.inner.target;
        let connect = async {
            match &self.inner.topology {
                Topology::Single(_) => {
                    let config = AsyncConnectionConfig::new()
                        .set_connection_timeout(None)
                        .set_response_timeout(None)
                        .set_pipeline_buffer_size(single::MAX_QUEUED_CALLS)
                        .set_push_sender(pushes);
                    let connection = target
                        .client
                        .get_multiplexed_async_connection_with_config(&config);
                    Ok(Connection::Single(connection.await?))
                }
                #[cfg(feature = "cluster")]
                Topology::Cluster(cluster) => {
                    let client = cluster.builder(target).await.push_sender(pushes).build()?;
                    Ok(Connection::Cluster(client.get_async_connection().await?))
                }
            }
        };
        let connected = timeout(limit, connect).await;
        let connected = connected.unwrap_or(Err(Error::Timeout(limit)));
        connected.map_err(|error: Error| error.redacted(target.password()))
    }

    async fn call<T: FromRedisValue>(&self, call: Call<'_>) -> Result<T, Error> {
        self.call_with_timeout(call, self.timeout()).await
    }

    async fn call_with_timeout<T: FromRedisValue>(
        &self,
        call: Call<'_>,
        limit: Duration,
    ) -> Result<T, Error> {
        let attempts = (|| self.attempt(&call))
            .retry(RETRY_DELAYS)
            .when(Error::was_not_executed);
        let value = timeout(limit, attempts).await;
        if value.is_err()
            && let Topology::Single(single) = &self.inner.topology
        {
            // The network may have dropped the connection silently; a new one is cheap.
            single.invalidate();
        }
        let value = value.unwrap_or(Err(Error::Timeout(limit)))?;
        T::from_redis_value(value).map_err(|error| Error::from(redis::RedisError::from(error)))
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<Value, Error> {
        match &self.inner.topology {
            Topology::Single(single) => single.call(call).await,
            #[cfg(feature = "cluster")]
            Topology::Cluster(cluster) => Ok(call.send(&mut cluster.connection()).await?),
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("address", &self.inner.target.address())
            .field("cluster", &self.is_cluster())
            .field("prefix", &self.prefix.as_str())
            .finish_non_exhaustive()
    }
}
