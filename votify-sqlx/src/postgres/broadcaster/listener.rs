use std::time::Duration;

use sqlx::postgres::{PgListener, PgNotification, PgPool, PgPoolOptions};
use tokio::time::timeout;

use super::error::Error;
use super::wire::PROBE;
use super::{CHANNEL, CLOSE_TIMEOUT, TIMEOUT};

/// The time without notifications after which a connection is probed.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// The listening connection. It never reconnects by itself, so that every loss is
/// noticed.
pub(super) struct Listener {
    listener: PgListener,
    /// A pool of this one connection: a [`PgListener`] takes its connection from a pool,
    /// and a host's pool may have no other.
    pool: PgPool,
}

impl Listener {
    /// Connects with the current options of a pool, and listens.
    pub(super) async fn connect(options_of: &PgPool) -> Result<Self, Error> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(TIMEOUT)
            .connect_lazy_with((*options_of.connect_options()).clone());
        let listening = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            // Otherwise it reconnects before it returns the loss.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        let listener = timeout(TIMEOUT, listening).await;
        let listener = listener.map_err(|_| Error::Timeout(TIMEOUT))??;
        Ok(Self { listener, pool })
    }

    /// Receives the next notification, of any kind. After an error the connection is
    /// unusable.
    ///
    /// A network may lose a connection without an error. So after [`KEEPALIVE`] without
    /// notifications, this sends a probe to the channel: if the probe does not arrive
    /// either, the connection is lost. All instances receive a probe, so one instance's
    /// probe spares the others theirs.
    pub(super) async fn recv(&mut self) -> Result<PgNotification, Error> {
        if let Ok(received) = timeout(KEEPALIVE, self.next()).await {
            return received;
        }
        let probe = async {
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(PROBE)
                .execute(&mut self.listener)
                .await?;
            self.next().await
        };
        let received = timeout(TIMEOUT, probe).await;
        received.unwrap_or(Err(Error::Timeout(TIMEOUT)))
    }

    /// Cancel-safe.
    async fn next(&mut self) -> Result<PgNotification, Error> {
        self.listener.try_recv().await?.ok_or(Error::ConnectionLost)
    }

    /// Closes the connection, within [`CLOSE_TIMEOUT`].
    pub(super) async fn close(self) {
        // The driver sends `UNLISTEN` in a task of its own, which then returns the
        // connection to the pool.
        drop(self.listener);
        let _ = timeout(CLOSE_TIMEOUT, self.pool.close()).await;
    }
}
