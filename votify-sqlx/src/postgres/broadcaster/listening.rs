use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use sqlx::postgres::{PgNotification, PgPool};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use votify_core::backend::Fanout;
use votify_core::broadcast::Topic;

use super::ear::Ear;
use super::fault::Fault;
use super::noise::Noise;
use super::wire;

/// Pauses before a new connection; each is up to twice as long by chance, so that a fleet does not come back at once.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(LONGEST_PAUSE)
    .without_max_times()
    .with_jitter();
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A connection that lasted less long than this counts as an attempt that failed.
const STEADY: Duration = Duration::from_secs(10);

/// Hands on what comes on the channel, and replaces connections that are lost.
pub(super) struct Listening {
    pool: PgPool,
    fanout: Fanout,
    live: watch::Sender<bool>,
    noise: Noise,
}

impl Listening {
    /// `pool` says how to connect; `live` is told whether there is a connection, and nothing any more at the end.
    pub(super) fn new(pool: PgPool, fanout: Fanout, live: watch::Sender<bool>) -> Self {
        Self {
            pool,
            fanout,
            live,
            noise: Noise::default(),
        }
    }

    pub(super) async fn run(mut self, mut ear: Ear, shutdown: CancellationToken) {
        let mut pauses = PAUSES.build();
        loop {
            self.live.send_replace(true);
            let began = Instant::now();
            let hearing = shutdown.run_until_cancelled(self.hand_on(&mut ear));
            let Some(fault) = hearing.await else {
                return ear.close().await;
            };
            self.live.send_replace(false);
            drop(ear);
            tracing::warn!(
                error = &fault as &dyn std::error::Error,
                "listening connection lost; no updates from other nodes until it is replaced"
            );
            if began.elapsed() >= STEADY {
                pauses = PAUSES.build();
            }
            let reopened = shutdown.run_until_cancelled(self.reopen(&mut pauses));
            let Some(next) = reopened.await else {
                return;
            };
            ear = next;
            // Before anything that the new connection brings, and before anybody is told that it is there.
            self.fanout.notify_lagged();
            tracing::info!("listening connection replaced");
        }
    }

    /// Until the connection is lost.
    async fn hand_on(&mut self, ear: &mut Ear) -> Fault {
        loop {
            match ear.hear().await {
                Ok(notification) => self.deliver(&notification),
                Err(fault) => return fault,
            }
        }
    }

    fn deliver(&mut self, notification: &PgNotification) {
        let payload = notification.payload();
        match wire::poll_of(payload) {
            // Most polls are watched elsewhere.
            Ok(Some(poll)) if self.fanout.has_subscribers(&Topic::Poll(poll)) => {
                let delivery = wire::delivery(poll, payload);
                self.fanout.send(&Topic::Poll(poll), delivery);
            }
            Ok(_) => {}
            Err(error) => self.noise.heard(notification, &error),
        }
    }

    async fn reopen(&self, pauses: &mut (impl Iterator<Item = Duration> + Send)) -> Ear {
        loop {
            sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
            match Ear::open(&self.pool).await {
                Ok(ear) => return ear,
                Err(fault) => tracing::warn!(
                    error = &fault as &dyn std::error::Error,
                    "failed to replace the listening connection"
                ),
            }
        }
    }
}

impl Drop for Listening {
    /// However it ends, nobody waits for more.
    fn drop(&mut self) {
        self.live.send_replace(false);
        self.fanout.close();
    }
}
