use std::fmt;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Timestamp;

/// A source of the time of day, and of monotonic time for durations.
///
/// The engine passes the time of day to stores and to
/// [`decide`](fn@crate::ballot::decide) as an argument. The opening and closing of polls
/// and the expiry of tokens depend on it. Rate limits, leases and timeouts depend on
/// monotonic time, so an adjustment of the time of day does not affect them.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the current time of day. It may be adjusted forwards and backwards.
    fn now(&self) -> Timestamp;

    /// Returns the time since an arbitrary start, to measure durations.
    ///
    /// It never goes back, and adjustments of the time of day do not affect it. Values
    /// of different clocks and processes are not comparable.
    fn monotonic(&self) -> Duration;

    /// Resolves once [`now`](Self::now) has reached `deadline`. Cancel safe.
    async fn sleep_until(&self, deadline: Timestamp);
}

/// The operating system's clocks. All values share one start of the monotonic time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The start of the monotonic time of [`SystemClock`]: its first reading.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

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

    fn monotonic(&self) -> Duration {
        let start = *START;
        Instant::now().saturating_duration_since(start)
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
pub struct ManualClock(watch::Sender<Reading>);

#[derive(Debug)]
struct Reading {
    now: Timestamp,
    monotonic: Duration,
}

impl ManualClock {
    /// Creates a clock whose time of day is `start`. Its monotonic time starts at zero.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(watch::Sender::new(Reading {
            now: start,
            monotonic: Duration::ZERO,
        }))
    }

    /// Moves the time of day and the monotonic time forward, and wakes the tasks that
    /// sleep until then.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|reading| {
            reading.now = reading.now.saturating_add(by);
            reading.monotonic = reading.monotonic.saturating_add(by);
        });
    }

    /// Sets the time of day, even backwards. The monotonic time does not change.
    pub fn set(&self, now: Timestamp) {
        self.0.send_modify(|reading| reading.now = now);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.borrow().now
    }

    fn monotonic(&self) -> Duration {
        self.0.borrow().monotonic
    }

    async fn sleep_until(&self, deadline: Timestamp) {
        let mut time = self.0.subscribe();
        // The sender lives in `self`, so the only possible result is that the deadline is
        // reached.
        let _ = time.wait_for(|reading| reading.now >= deadline).await;
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

    #[test]
    fn setting_a_manual_clock_changes_only_the_time_of_day() {
        let noon: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let clock = ManualClock::new(noon);
        assert_eq!(clock.monotonic(), Duration::ZERO);
        clock.advance(Duration::from_secs(7));
        clock.set(Timestamp::EPOCH);
        assert_eq!(clock.now(), Timestamp::EPOCH);
        assert_eq!(clock.monotonic(), Duration::from_secs(7));
        clock.advance(Duration::from_secs(1));
        clock.set(noon);
        assert_eq!(clock.now(), noon);
        assert_eq!(clock.monotonic(), Duration::from_secs(8));
    }

    #[tokio::test(start_paused = true)]
    async fn all_system_clocks_share_a_monotonic_time() {
        let before = SystemClock.monotonic();
        tokio::time::sleep(Duration::from_secs(5)).await;
        let elapsed = SystemClock.monotonic().saturating_sub(before);
        assert_eq!(elapsed.as_secs(), 5);
    }
}
