use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use sqlx::postgres::{PgNotification, PgPool};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use votify_core::backend::Fanout;
use votify_core::broadcast::Topic;

use super::error::Error;
use super::invalid_payload_log::InvalidPayloadLog;
use super::listener::Listener;
use super::wire;

/// The delays before a reconnect. Jitter doubles each delay at most, so that the
/// instances of a deployment do not reconnect at once.
const DELAYS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(MAX_DELAY)
    .without_max_times()
    .with_jitter();
const MAX_DELAY: Duration = Duration::from_secs(5);
/// The age at which a connection resets the delays. A loss before that counts as a failed
/// attempt.
const STABLE_AFTER: Duration = Duration::from_secs(10);

/// Forwards notifications to the subscriptions, and replaces lost connections.
pub(super) struct ListenTask {
    pool: PgPool,
    fanout: Fanout,
    live: watch::Sender<bool>,
    invalid_payloads: InvalidPayloadLog,
}

impl ListenTask {
    /// Creates the task. It connects with the options of `pool`. `live` receives whether
    /// there is a connection, and is closed at the end.
    pub(super) fn new(pool: PgPool, fanout: Fanout, live: watch::Sender<bool>) -> Self {
        Self {
            pool,
            fanout,
            live,
            invalid_payloads: InvalidPayloadLog::default(),
        }
    }

    pub(super) async fn run(mut self, mut listener: Listener, shutdown: CancellationToken) {
        let mut delays = DELAYS.build();
        loop {
            self.live.send_replace(true);
            let connected_at = Instant::now();
            let forwarding = shutdown.run_until_cancelled(self.forward(&mut listener));
            let Some(error) = forwarding.await else {
                return listener.close().await;
            };
            self.live.send_replace(false);
            drop(listener);
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "listening connection lost; no updates from other nodes until it is replaced"
            );
            if connected_at.elapsed() >= STABLE_AFTER {
                delays = DELAYS.build();
            }
            let reconnected = shutdown.run_until_cancelled(self.reconnect(&mut delays));
            let Some(next) = reconnected.await else {
                return;
            };
            listener = next;
            // Before anything that the new connection receives, and before new
            // subscriptions are accepted.
            self.fanout.notify_lagged();
            tracing::info!("listening connection replaced");
        }
    }

    /// Forwards notifications until the connection is lost.
    async fn forward(&mut self, listener: &mut Listener) -> Error {
        loop {
            match listener.recv().await {
                Ok(notification) => self.deliver(&notification),
                Err(error) => return error,
            }
        }
    }

    fn deliver(&mut self, notification: &PgNotification) {
        let payload = notification.payload();
        match wire::poll_of(payload) {
            // The complete payload is parsed only if the poll has subscribers here.
            Ok(Some(poll)) if self.fanout.has_subscribers(&Topic::Poll(poll)) => {
                let delivery = wire::delivery(poll, payload);
                self.fanout.send(&Topic::Poll(poll), delivery);
            }
            Ok(_) => {}
            Err(error) => self.invalid_payloads.record(notification, &error),
        }
    }

    async fn reconnect(&self, delays: &mut (impl Iterator<Item = Duration> + Send)) -> Listener {
        loop {
            sleep(delays.next().unwrap_or(MAX_DELAY)).await;
            match Listener::connect(&self.pool).await {
                Ok(listener) => return listener,
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "failed to replace the listening connection"
                ),
            }
        }
    }
}

impl Drop for ListenTask {
    /// Ends all subscriptions, also if the task panics.
    fn drop(&mut self) {
        self.live.send_replace(false);
        self.fanout.close();
    }
}
