use std::time::Duration;

use sqlx::postgres::PgNotification;
use tokio::time::Instant;

/// How often noise is worth a line in the log.
const SELDOM: Duration = Duration::from_secs(60);

/// What somebody else says on the channel. Told, because it may be a mistake, but seldom, and without a word of it.
#[derive(Default)]
pub(super) struct Noise {
    told: Option<Instant>,
    untold: u64,
}

impl Noise {
    pub(super) fn heard(&mut self, notification: &PgNotification, error: &serde_json::Error) {
        self.untold += 1;
        if self.told.is_some_and(|told| told.elapsed() < SELDOM) {
            return;
        }
        tracing::warn!(
            channel = super::CHANNEL,
            server_process = notification.process_id(),
            bytes = notification.payload().len(),
            line = error.line(),
            column = error.column(),
            since_last_warning = self.untold,
            "ignored invalid notifications"
        );
        *self = Self {
            told: Some(Instant::now()),
            untold: 0,
        };
    }
}
