use std::time::Duration;

use tokio::time::sleep;

use crate::queue::QueueConsumer;

/// Bounds of the time between two attempts. It doubles with each failure.
const MIN_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(2);
/// The time between two calls that keep the membership in the group.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// The times between attempts.
#[derive(Debug)]
pub(super) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(MIN_BACKOFF)
    }
}

impl Backoff {
    /// Returns the time until the next attempt.
    pub(super) fn next(&mut self) -> Duration {
        let next = self.0;
        self.0 = (next * 2).min(MAX_BACKOFF);
        next
    }
}

/// Waits, and keeps the consumer's membership in its group meanwhile.
pub(super) async fn pause(consumer: &mut dyn QueueConsumer, duration: Duration) {
    let mut rest = duration;
    loop {
        if let Err(error) = consumer.keep_alive().await {
            tracing::debug!(%error, "failed to keep the membership in the consumer group");
        }
        let step = rest.min(KEEP_ALIVE);
        sleep(step).await;
        rest -= step;
        if rest.is_zero() {
            return;
        }
    }
}
