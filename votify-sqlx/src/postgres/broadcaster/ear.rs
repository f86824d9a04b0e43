use std::time::Duration;

use sqlx::postgres::{PgListener, PgNotification, PgPool, PgPoolOptions};
use tokio::time::timeout;

use super::fault::Fault;
use super::wire::PROBE;
use super::{CHANNEL, PARTING, PATIENCE};

/// After how long a silence a connection has to show that it is still one.
const SILENCE: Duration = Duration::from_secs(5);

/// The connection that listens. It is never mended, only replaced, so that no loss goes unnoticed.
pub(super) struct Ear {
    listener: PgListener,
    /// Of this one connection: a [`PgListener`] takes it from a pool, and a host's may have no other.
    pool: PgPool,
}

impl Ear {
    /// Connects with the options that `of` has now, and listens. What is published from then on is heard.
    pub(super) async fn open(of: &PgPool) -> Result<Self, Fault> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with((*of.connect_options()).clone());
        let listening = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            // Else it would connect anew by itself, and hold up the news that it had to.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        let listener = timeout(PATIENCE, listening).await;
        let listener = listener.map_err(|_| Fault::Silent(PATIENCE))??;
        Ok(Self { listener, pool })
    }

    /// The next notification, of whatever kind. After an error nothing more is heard.
    ///
    /// A network may lose a connection without a word. So after a silence the ear says something itself: if it does not
    /// hear that either, it is lost. In a fleet, one that says something spares the others from it.
    pub(super) async fn hear(&mut self) -> Result<PgNotification, Fault> {
        if let Ok(heard) = timeout(SILENCE, self.next()).await {
            return heard;
        }
        let probing = async {
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(PROBE)
                .execute(&mut self.listener)
                .await?;
            self.next().await
        };
        let heard = timeout(PATIENCE, probing).await;
        heard.unwrap_or(Err(Fault::Silent(PATIENCE)))
    }

    /// Cancelling it loses no notification.
    async fn next(&mut self) -> Result<PgNotification, Fault> {
        self.listener.try_recv().await?.ok_or(Fault::Lost)
    }

    /// Ends the connection in good order, as far as that can be had soon.
    pub(super) async fn close(self) {
        // The driver unlistens on a task of its own, which gives the connection back.
        drop(self.listener);
        let _ = timeout(PARTING, self.pool.close()).await;
    }
}
