use std::fmt;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio::sync::watch;

use super::Timestamp;

/// A source of the current time.
///
/// Only the engine reads the clock. It passes the time to stores and to
/// [`decide`](fn@crate::ballot::decide) as an argument.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Timestamp;

    /// Resolves once [`now`](Self::now) has reached `deadline`. Cancel safe.
    async fn sleep_until(&self, deadline: Timestamp);
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The longest uninterrupted sleep: an adjustment of the system's clock takes effect
/// within 30 s.
const MAX_SLEEP: Duration = Duration::from_secs(30);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::EPOCH.saturating_add(since_epoch)
    }

    async fn sleep_until(&self, deadline: Timestamp) {
        loop {
            let left = deadline.saturating_since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(MAX_SLEEP)).await;
        }
    }
}

/// A clock for tests, which changes only when the test moves it.
///
/// ```
/// use std::time::Duration;
/// use votify_core::{Clock, ManualClock, Timestamp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let clock = ManualClock::new(Timestamp::EPOCH);
/// let deadline = Timestamp::EPOCH.saturating_add(Duration::from_secs(60));
/// clock.advance(Duration::from_secs(60));
/// clock.sleep_until(deadline).await; // returns at once
/// assert_eq!(clock.now(), deadline);
/// # }
/// ```
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    /// Creates a clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(watch::Sender::new(start))
    }

    /// Moves the clock forward, and wakes the tasks that sleep until then.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = now.saturating_add(by));
    }

    /// Sets the clock, even backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.send_replace(now);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn sleep_until(&self, deadline: Timestamp) {
        let mut time = self.0.subscribe();
        // The sender lives in `self`, so the only possible result is that the deadline is
        // reached.
        let _ = time.wait_for(|now| *now >= deadline).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn advancing_a_manual_clock_wakes_sleepers() {
        let clock = Arc::new(ManualClock::new(Timestamp::EPOCH));
        let deadline = Timestamp::from_micros(5_000_000).unwrap();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(deadline).await }
        });
        clock.advance(Duration::from_secs(5));
        sleeper.await.unwrap();
        assert_eq!(clock.now(), deadline);
    }
}
