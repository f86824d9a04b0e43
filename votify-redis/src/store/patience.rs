//! How long a call goes on, and how it keeps out of the others' way.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::fault::Fault;

/// The longest that a call takes in all; an engine gives up on its store somewhat later.
const PATIENCE: Duration = Duration::from_millis(3_500);
/// How often a call whose poll has moved tries again at once. What it needs came with the answer.
const AT_ONCE: u32 = 3;
/// The longest pause between two tries after that.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

pub(super) async fn in_time<T>(call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout(PATIENCE, call).await.unwrap_or(Err(Fault::Late))
}

/// The tries of one call.
#[derive(Debug, Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// To be awaited before another try.
    pub(super) async fn again(&mut self) {
        self.0 = self.0.saturating_add(1);
        if self.0 <= AT_ONCE {
            return;
        }
        let most = Duration::from_millis(1)
            .saturating_mul(1 << (self.0 - AT_ONCE).min(10))
            .min(LONGEST_PAUSE);
        sleep(most.mul_f64(fastrand::f64())).await;
    }
}
