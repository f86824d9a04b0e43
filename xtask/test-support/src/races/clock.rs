use std::time::Duration;

use async_trait::async_trait;
use votify_core::{Clock, SystemClock, Timestamp};

/// The system clock, set forward.
#[derive(Debug)]
pub struct OffsetClock(pub Duration);

#[async_trait]
impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().saturating_add(self.0)
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }

    async fn sleep_until(&self, deadline: Timestamp) {
        while self.now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
