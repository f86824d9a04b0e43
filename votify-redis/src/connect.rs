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

/// Pauses before what was not done is tried again, each up to twice as long by chance: a tenth of a second in all, because
/// somebody waits.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(10))
    .with_max_delay(Duration::from_millis(40))
    .with_max_times(3)
    .with_jitter();

/// A way to one Redis server or one Redis Cluster; clones share its connections.
///
/// Commands of all clones go over one connection, or over one to each node of a cluster, which are made anew by
/// themselves when they are lost. Whoever listens to news has further ones.
///
/// Every call is bounded in time, by two seconds unless [told otherwise](RedisBuilder::timeout). A call that was not even
/// sent, or that the server put off, is tried again for a moment.
///
/// `Debug` shows no password.
///
/// ```no_run
/// # async fn run() -> Result<(), votify_redis::ConnectError> {
/// use votify_redis::Redis;
///
/// let redis = Redis::connect("redis://:password@localhost:6379").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Redis {
    link: Arc<Link>,
    prefix: Prefix,
}

struct Link {
    target: Target,
    way: Way,
}

enum Way {
    Single(Arc<Single>),
    #[cfg(feature = "cluster")]
    Cluster(Cluster),
}

impl Redis {
    /// How long a call may take unless told otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

    /// Connects to a server, or, with the feature `cluster`, to the cluster that it is a node of.
    ///
    /// `url` is `redis://[user:password@]host[:port][/database]`, or the same with `rediss` for TLS with the feature `tls`;
    /// what has a meaning in URLs is written with `%`. Pub/sub belongs to a server, not to a database of it.
    ///
    /// Must be called within a tokio runtime, which from then on runs the connections.
    ///
    /// # Errors
    /// [`Unavailable`](ConnectError::Unavailable) if the server cannot be reached within two seconds, and
    /// [`Failed`](ConnectError::Failed) if the URL makes no sense, the server does not take the user and password, or a
    /// feature is missing.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder(url).connect().await
    }

    /// Connects in other ways than [`connect`](Self::connect) does.
    #[must_use]
    pub fn builder(url: &str) -> RedisBuilder {
        RedisBuilder::from_url(url)
    }

    /// Connects as a host's client would, whatever it was made from, except that the newer protocol (RESP3) is spoken.
    /// The connections are this value's own.
    ///
    /// Of a cluster it must be a node. A root certificate of the client's own is then not known to the other nodes: give it
    /// to a [`builder`](Self::builder) instead.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn from_client(client: redis::Client) -> Result<Self, ConnectError> {
        RedisBuilder::from_client(client).connect().await
    }

    /// The same server with other names: `prefix:` in place of `votify:` begins all keys and channels. Whoever shares
    /// a server and not the polls needs another one.
    ///
    /// # Errors
    /// If it has not 1 to 64 characters, or others than letters, digits, `-`, `_`, `.` and `:`.
    pub fn with_prefix(mut self, prefix: &str) -> Result<Self, ConnectError> {
        self.prefix = Prefix::read(prefix).map_err(Error::into_connect_error)?;
        Ok(self)
    }

    /// Whether it is a cluster.
    #[must_use]
    pub fn is_cluster(&self) -> bool {
        match self.link.way {
            Way::Single(_) => false,
            #[cfg(feature = "cluster")]
            Way::Cluster(_) => true,
        }
    }

    async fn open(target: Target, prefix: Prefix) -> Result<Self, Error> {
        let single = Single::new(target.clone());
        let within = target.timeout;
        let opening = async {
            let mut connection = single.connection().await?;
            if !target::is_in_cluster(&mut connection).await? {
                return Ok(Way::Single(Arc::clone(&single)));
            }
            #[cfg(feature = "cluster")]
            return Ok(Way::Cluster(Cluster::open(&target, connection).await?));
            #[cfg(not(feature = "cluster"))]
            Err(Error::WrongUrl(
                "it is a node of a cluster, which needs the feature `cluster` of votify-redis"
                    .to_owned(),
            ))
        };
        let opened = timeout(within, opening).await;
        let way = opened.unwrap_or(Err(Error::Silent(within)));
        let way = way.map_err(|error| error.without(target.password()))?;
        Ok(Self {
            link: Arc::new(Link { target, way }),
            prefix,
        })
    }

    /// A key or channel of a poll. All of one poll are in the same slot of a cluster.
    pub(crate) fn poll_key(&self, poll: PollId, rest: &str) -> String {
        format!("{}:{{{poll}}}:{rest}", self.prefix.as_str())
    }

    /// A key of no poll, in a slot of its own.
    pub(crate) fn key(&self, rest: &str) -> String {
        format!("{}:{rest}", self.prefix.as_str())
    }

    /// How long a call may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.link.target.timeout
    }

    pub(crate) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Error> {
        self.call(Call::Command(command)).await
    }

    /// On a cluster, all keys must be in one slot.
    pub(crate) async fn pipeline<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
    ) -> Result<T, Error> {
        self.call(Call::Pipeline(pipeline)).await
    }

    /// On a cluster, all keys must be in one slot.
    pub(crate) async fn script<T: FromRedisValue>(
        &self,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<T, Error> {
        self.call(Call::Script(invocation)).await
    }

    /// The same, within a time that is shorter than what calls have otherwise.
    pub(crate) async fn script_within<T: FromRedisValue>(
        &self,
        invocation: &ScriptInvocation<'_>,
        within: Duration,
    ) -> Result<T, Error> {
        self.call_within(Call::Script(invocation), within.min(self.timeout()))
            .await
    }

    /// Runs a command that is about a server rather than its data on the server, or on every node of a cluster that holds
    /// data: one answer for each.
    pub(crate) async fn run_everywhere<T: FromRedisValue>(
        &self,
        command: &Cmd,
    ) -> Result<Vec<T>, Error> {
        match &self.link.way {
            Way::Single(_) => Ok(vec![self.run(command).await?]),
            #[cfg(feature = "cluster")]
            Way::Cluster(cluster) => {
                let within = self.timeout();
                let answers = timeout(within, cluster.run_on_masters(command)).await;
                answers.unwrap_or(Err(Error::Silent(within)))
            }
        }
    }

    /// A connection of its own, to every node if it is a cluster, that hands on whatever is sent without being asked for. It
    /// is not made anew when it is lost, except by the driver in part and on a cluster.
    pub(crate) async fn connection_with_pushes(
        &self,
        pushes: impl AsyncPushSender,
    ) -> Result<Connection, Error> {
        let within = self.timeout();
        let target = &self.link.target;
        let connecting = async {
            match &self.link.way {
                Way::Single(_) => {
                    let config = AsyncConnectionConfig::new()
                        .set_connection_timeout(None)
                        .set_response_timeout(None)
                        .set_pipeline_buffer_size(single::QUEUE)
                        .set_push_sender(pushes);
                    let connecting = target
                        .client
                        .get_multiplexed_async_connection_with_config(&config);
                    Ok(Connection::Single(connecting.await?))
                }
                #[cfg(feature = "cluster")]
                Way::Cluster(cluster) => {
                    let client = cluster.builder(target).await.push_sender(pushes).build()?;
                    Ok(Connection::Cluster(client.get_async_connection().await?))
                }
            }
        };
        let connected = timeout(within, connecting).await;
        let connected = connected.unwrap_or(Err(Error::Silent(within)));
        connected.map_err(|error: Error| error.without(target.password()))
    }

    async fn call<T: FromRedisValue>(&self, call: Call<'_>) -> Result<T, Error> {
        self.call_within(call, self.timeout()).await
    }

    async fn call_within<T: FromRedisValue>(
        &self,
        call: Call<'_>,
        within: Duration,
    ) -> Result<T, Error> {
        let attempts = (|| self.attempt(&call))
            .retry(PAUSES)
            .when(Error::is_passing);
        let value = timeout(within, attempts).await;
        if value.is_err()
            && let Way::Single(single) = &self.link.way
        {
            // A network may lose a connection without a word; a new one costs little.
            single.distrust();
        }
        let value = value.unwrap_or(Err(Error::Silent(within)))?;
        T::from_redis_value(value).map_err(|error| Error::from(redis::RedisError::from(error)))
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<Value, Error> {
        match &self.link.way {
            Way::Single(single) => single.call(call).await,
            #[cfg(feature = "cluster")]
            Way::Cluster(cluster) => Ok(call.on(&mut cluster.connection()).await?),
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("address", &self.link.target.address())
            .field("cluster", &self.is_cluster())
            .field("prefix", &self.prefix.as_str())
            .finish_non_exhaustive()
    }
}
