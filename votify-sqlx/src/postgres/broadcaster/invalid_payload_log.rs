use std::time::Duration;

use sqlx::postgres::PgNotification;
use tokio::time::Instant;

/// The minimum time between two warnings.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Logs invalid payloads of other programs, which may be a mistake. Never logs the
/// payloads themselves.
#[derive(Default)]
pub(super) struct InvalidPayloadLog {
    logged_at: Option<Instant>,
    unlogged: u64,
}

impl InvalidPayloadLog {
    pub(super) fn record(&mut self, notification: &PgNotification, error: &serde_json::Error) {
        self.unlogged += 1;
        let elapsed = self.logged_at.map(|logged_at| logged_at.elapsed());
        if elapsed.is_some_and(|elapsed| elapsed < LOG_INTERVAL) {
            return;
        }
        tracing::warn!(
            channel = super::CHANNEL,
            server_process = notification.process_id(),
            bytes = notification.payload().len(),
            line = error.line(),
            column = error.column(),
            since_last_warning = self.unlogged,
            "ignored invalid notifications"
        );
        *self = Self {
            logged_at: Some(Instant::now()),
            unlogged: 0,
        };
    }
}
