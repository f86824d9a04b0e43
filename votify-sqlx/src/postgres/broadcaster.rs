mod error;
mod invalid_payload_log;
mod listen_task;
mod listener;
mod publish;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use votify_core::Broadcaster;
use votify_core::backend::Fanout;
use votify_core::broadcast::{BroadcastError, DeliveryStream, Topic, Update};

use super::connect;
use error::Error;
use listen_task::ListenTask;
use listener::Listener;

/// The name in errors and logs.
const NAME: &str = "postgres";
/// One channel for all polls: a server searches a connection's channels linearly, and an
/// instance looks topics up by hash.
const CHANNEL: &str = "votify_updates";
/// The timeout for connecting and for publishing. An engine's timeout for its broadcaster
/// is longer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The timeout for closing a connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A [`Broadcaster`] over PostgreSQL's `LISTEN` and `NOTIFY`, for deployments with a
/// PostgreSQL database and without Redis. Clones share one listening connection.
///
/// The database may be another one than the polls', and no tables are used.
///
/// # Channels
///
/// A channel belongs to a database, not to a schema: all nodes of all applications on one
/// database receive each other's updates. Ids of polls are unique everywhere, so this
/// costs time only. Everybody who can connect to the database can receive updates,
/// including counts that are hidden from viewers, and can send updates. Use a database
/// whose users are trusted.
///
/// # Large updates
///
/// An update of less than 8000 bytes of JSON is sent completely. A larger one becomes
/// [`Lagged`](votify_core::broadcast::Delivery::Lagged), and engines then read the store:
/// edits of polls with long texts, and counts of about 100 options.
///
/// # Connection loss
///
/// A lost connection is replaced, with pauses that grow from 0.1 to 10 seconds. Every
/// subscription then receives `Lagged`. A half-open connection is detected within 8
/// seconds.
///
/// A connection pooler must not share the listening connection: `LISTEN` does not work
/// through poolers in transaction or statement mode. `NOTIFY` works through every pooler.
///
/// ```no_run
/// use votify_core::{PollEngine, Store};
/// use votify_sqlx::PostgresBroadcaster;
///
/// # async fn run(store: impl Store) -> Result<(), Box<dyn std::error::Error>> {
/// let url = "postgres://votify@localhost/votify";
/// let broadcaster = PostgresBroadcaster::connect(url).await?;
/// let engine = PollEngine::builder(store).broadcaster(broadcaster).build();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresBroadcaster {
    shared: Arc<Shared>,
}

struct Shared {
    pool: PgPool,
    /// False if the pool is a host's.
    owns_pool: bool,
    fanout: Fanout,
    /// True while there is a listening connection. Its sender is dropped when there will
    /// be none any more.
    live: watch::Receiver<bool>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl PostgresBroadcaster {
    /// Listens with one connection and publishes with up to four others. `url` is a
    /// `postgres://` URL as read by
    /// [`PgConnectOptions`](sqlx::postgres::PgConnectOptions).
    ///
    /// Call this within a tokio runtime, which then runs the listening task.
    ///
    /// # Errors
    ///
    /// - [`BroadcastError::Unavailable`]: the server cannot be reached within 3 seconds;
    ///   retry.
    /// - [`BroadcastError::Failed`]: the URL is invalid, or the server rejects the user
    ///   or has no such database. Correct the URL or the server.
    pub async fn connect(url: &str) -> Result<Self, BroadcastError> {
        let connected = async {
            let options = connect::options(url).map_err(Error::InvalidUrl)?;
            // A pool returns only that it timed out, without the cause.
            let trial = timeout(TIMEOUT, options.connect()).await;
            let trial: PgConnection = trial.map_err(|_| Error::Timeout(TIMEOUT))??;
            let pool = PgPoolOptions::new()
                .max_connections(4)
                .acquire_timeout(TIMEOUT)
                .connect_lazy_with(options);
            // The server accepted the connection, so a failure to close is irrelevant.
            let _ = timeout(CLOSE_TIMEOUT, trial.close()).await;
            Self::start(pool, true).await
        };
        connected.await.map_err(Error::into_broadcast_error)
    }

    /// Publishes with connections of a host's pool. Listens with one further connection,
    /// opened with the pool's current options.
    ///
    /// Call this within a tokio runtime, which then runs the listening task. The
    /// broadcaster never closes the pool, and cannot publish after the host has closed
    /// it.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    pub async fn from_pool(pool: PgPool) -> Result<Self, BroadcastError> {
        let started = Self::start(pool, false).await;
        started.map_err(Error::into_broadcast_error)
    }

    async fn start(pool: PgPool, owns_pool: bool) -> Result<Self, Error> {
        let listener = Listener::connect(&pool).await?;
        let fanout = Fanout::new();
        let (sender, live) = watch::channel(true);
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let task = ListenTask::new(pool.clone(), fanout.clone(), sender);
        tasks.spawn(task.run(listener, shutdown.clone()));
        tasks.close();
        Ok(Self {
            shared: Arc::new(Shared {
                pool,
                owns_pool,
                fanout,
                live,
                shutdown,
                tasks,
            }),
        })
    }

    /// Closes this broadcaster and its clones: ends all streams and closes the
    /// connections.
    ///
    /// Returns when the connections are closed, or after 2 seconds if the server does not
    /// answer. Cancelling the call cancels the waiting only. Dropping the last clone
    /// closes the broadcaster too, without waiting.
    pub async fn close(&self) {
        let Shared {
            shutdown, tasks, ..
        } = &*self.shared;
        shutdown.cancel();
        tasks.wait().await;
        if self.shared.owns_pool {
            // After the timeout the pool is closed without the server's answer.
            let _ = timeout(CLOSE_TIMEOUT, self.shared.pool.close()).await;
        }
    }
}

#[async_trait]
impl Broadcaster for PostgresBroadcaster {
    fn backend(&self) -> &'static str {
        NAME
    }

    async fn publish(&self, updates: &[Update]) -> Result<(), BroadcastError> {
        if self.shared.shutdown.is_cancelled() {
            return Err(Error::Closed.into_broadcast_error());
        }
        let payloads: Result<Vec<_>, _> = updates.iter().map(wire::payload).collect();
        let payloads = payloads.map_err(|error| BroadcastError::failed(NAME, error))?;
        let published = publish::publish(&self.shared.pool, &payloads);
        match timeout(TIMEOUT, published).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::from(error).into_broadcast_error()),
            Err(_) => Err(Error::Timeout(TIMEOUT).into_broadcast_error()),
        }
    }

    /// Waits while there is no listening connection.
    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        let closed = || Error::Closed.into_broadcast_error();
        if self.shared.shutdown.is_cancelled() {
            return Err(closed());
        }
        // Before the wait, so that a connection loss right after it is delivered too.
        let deliveries = self.shared.fanout.subscribe(*topic);
        let mut live = self.shared.live.clone();
        let live = live.wait_for(|live| *live).await;
        live.map_err(|_| closed())?;
        Ok(deliveries)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl fmt::Debug for PostgresBroadcaster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresBroadcaster")
            .field("fanout", &self.shared.fanout)
            .field("live", &*self.shared.live.borrow())
            .finish_non_exhaustive()
    }
}
