use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The maximum age of a reading. Meanwhile clocks drift apart by less than 5 ms.
const MAX_AGE: Duration = Duration::from_secs(10);

/// A server's clock, as it was last read. Converts a deadline of this process into the
/// server's time, so that the server can reject what reaches it too late.
#[derive(Debug, Default)]
pub(super) struct ServerClock(Mutex<Option<Reading>>);

#[derive(Debug, Clone, Copy)]
struct Reading {
    /// The server's time in microseconds.
    micros: i64,
    /// When its reply arrived. The server read its clock before.
    at: Instant,
}

impl ServerClock {
    /// Records the time that a reply contains. Call it right after the reply arrived.
    pub(super) fn record(&self, micros: i64) {
        let at = Instant::now();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Reading { micros, at });
    }

    /// Returns the server's time at `deadline` in microseconds, or somewhat earlier: by at
    /// most the round trip of the reading. `None` if the reading is too old.
    pub(super) fn at(&self, deadline: Instant) -> Option<i64> {
        let reading = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = reading.filter(|reading| reading.at.elapsed() < MAX_AGE)?;
        let ahead = deadline.saturating_duration_since(reading.at);
        let behind = reading.at.saturating_duration_since(deadline);
        Some(reading.micros.saturating_add(micros(ahead)) - micros(behind))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn deadlines_are_converted_while_the_reading_is_fresh() {
        let clock = ServerClock::default();
        let start = Instant::now();
        assert_eq!(clock.at(start), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        clock.record(5_000_000);
        assert_eq!(clock.at(start), Some(4_000_000));
        assert_eq!(clock.at(start + Duration::from_secs(3)), Some(7_000_000));
        tokio::time::advance(MAX_AGE).await;
        assert_eq!(clock.at(start), None);
    }
}
