mod ear;
mod fault;
mod handover;
mod listening;
mod noise;
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
use ear::Ear;
use fault::Fault;
use listening::Listening;

/// The name for errors and logs.
const NAME: &str = "postgres";
/// One for everything: a server looks through a connection's channels one by one, and a node looks topics up by hash.
const CHANNEL: &str = "votify_updates";
/// How long connecting, and handing updates over, may take; an engine gives up on its broadcaster somewhat later.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a server may take to end a connection in good order.
const PARTING: Duration = Duration::from_secs(1);

/// A [`Broadcaster`] over Postgres' `LISTEN` and `NOTIFY`, for fleets that share a Postgres database and have no Redis;
/// clones share one connection that listens.
///
/// The database need not be the one that holds the polls, and no tables are used. Channels belong to a database, not to a
/// schema: all nodes of all applications on one database hear each other. That does no harm, because polls are told apart
/// by ids that are unique everywhere, but costs each node the reading. For the same reason whoever may connect to the
/// database may also listen, to counts that are hidden from viewers too, and send updates of their own: give Votify a
/// database whose users are trusted.
///
/// An update arrives as it is if it is shorter than 8000 bytes as JSON, else as
/// [`Lagged`](votify_core::broadcast::Delivery::Lagged), upon which engines read the store: so with edits of polls with
/// long texts, and with counts of about 100 options.
///
/// A lost connection is replaced, after pauses that grow from a tenth of a second to ten seconds, and then every
/// subscription gets a `Lagged`. One that was lost without a word is noticed within eight seconds.
///
/// The connection that listens must be the server's own for as long as it lasts: a pooler between them that hands out
/// connections by transaction or statement does not let `LISTEN` through. `NOTIFY` works through any.
///
/// ```no_run
/// use votify_core::{PollEngine, Store};
/// use votify_sqlx::PostgresBroadcaster;
///
/// # async fn run(store: impl Store) -> Result<(), Box<dyn std::error::Error>> {
/// let broadcaster = PostgresBroadcaster::connect("postgres://votify@localhost/votify").await?;
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
    /// Whether the pool ends with the broadcaster.
    own_pool: bool,
    fanout: Fanout,
    /// Whether what is published now is heard; its sender goes when nothing will be heard any more.
    live: watch::Receiver<bool>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl PostgresBroadcaster {
    /// Listens with a connection of its own, and publishes with up to four others. `url` is a `postgres://` one, as
    /// [`PgConnectOptions`](sqlx::postgres::PgConnectOptions) reads it.
    ///
    /// Must be called within a tokio runtime, which from then on runs the task that listens.
    ///
    /// # Errors
    /// [`Unavailable`](BroadcastError::Unavailable) if the server cannot be reached within some three seconds, and
    /// [`Failed`](BroadcastError::Failed) if the URL makes no sense, or the server refuses the user or has no such
    /// database.
    pub async fn connect(url: &str) -> Result<Self, BroadcastError> {
        let connected = async {
            let options = connect::options(url).map_err(Fault::Url)?;
            // A pool would tell only that it waited in vain.
            let trial = timeout(PATIENCE, options.connect()).await;
            let trial: PgConnection = trial.map_err(|_| Fault::Silent(PATIENCE))??;
            let pool = PgPoolOptions::new()
                .max_connections(4)
                .acquire_timeout(PATIENCE)
                .connect_lazy_with(options);
            // It has shown what it had to.
            let _ = timeout(PARTING, trial.close()).await;
            Self::start(pool, true).await
        };
        connected.await.map_err(Fault::into_broadcast_error)
    }

    /// Publishes with connections of a host's pool. To listen, one more is opened beside the pool, with the pool's options,
    /// and whenever that one is lost with those that the pool has then.
    ///
    /// Must be called within a tokio runtime, which from then on runs the task that listens. The pool stays the host's:
    /// the broadcaster never closes it, and publishes no more once the host does.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn from_pool(pool: PgPool) -> Result<Self, BroadcastError> {
        let started = Self::start(pool, false).await;
        started.map_err(Fault::into_broadcast_error)
    }

    async fn start(pool: PgPool, own_pool: bool) -> Result<Self, Fault> {
        let ear = Ear::open(&pool).await?;
        let fanout = Fanout::new();
        let (sender, live) = watch::channel(true);
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let listening = Listening::new(pool.clone(), fanout.clone(), sender);
        tasks.spawn(listening.run(ear, shutdown.clone()));
        tasks.close();
        Ok(Self {
            shared: Arc::new(Shared {
                pool,
                own_pool,
                fanout,
                live,
                shutdown,
                tasks,
            }),
        })
    }

    /// Ends this broadcaster and all of its clones: every stream ends, and their connections are closed when this returns,
    /// or after two seconds if the server does not answer. Cancelling it loses nothing but the wait.
    ///
    /// Dropping the last clone does the same, without waiting for it.
    pub async fn close(&self) {
        let Shared {
            shutdown, tasks, ..
        } = &*self.shared;
        shutdown.cancel();
        tasks.wait().await;
        if self.shared.own_pool {
            // It is closed either way; this is only for the parting words.
            let _ = timeout(PARTING, self.shared.pool.close()).await;
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
            return Err(Fault::Closed.into_broadcast_error());
        }
        let payloads: Result<Vec<_>, _> = updates.iter().map(wire::payload).collect();
        let payloads = payloads.map_err(|error| BroadcastError::failed(NAME, error))?;
        let handed_over = handover::hand_over(&self.shared.pool, &payloads);
        match timeout(PATIENCE, handed_over).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(BroadcastError::unavailable(NAME, Fault::from(error))),
            Err(_) => Err(Fault::Silent(PATIENCE).into_broadcast_error()),
        }
    }

    /// Waits as long as there is no connection to listen with.
    async fn subscribe(&self, topic: &Topic) -> Result<DeliveryStream, BroadcastError> {
        let closed = || Fault::Closed.into_broadcast_error();
        if self.shared.shutdown.is_cancelled() {
            return Err(closed());
        }
        // Before the wait, so that a loss right after it is told too.
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
