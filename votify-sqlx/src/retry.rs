//! Trying again what failed only because another transaction was in the way.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::Error;

/// For how long conflicts are tried again; an engine gives up on its store somewhat later.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest pause before the first new try; it doubles from then on.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(128);

/// Does `attempt` until it ends in something other than a conflict, or patience ends.
pub(crate) async fn on_conflict<T, F>(mut attempt: impl FnMut() -> F + Send) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>> + Send,
{
    let deadline = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt().await {
            Err(Error::Conflict(error)) if Instant::now() < deadline => {
                tracing::debug!(%error, "trying again after a conflict");
            }
            result => return result,
        }
        sleep(pause.mul_f64(jitter())).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Anything between a half and one, so that two who met do not meet again.
fn jitter() -> f64 {
    let random = RandomState::new().hash_one(0_u8);
    let [first, second, ..] = random.to_le_bytes();
    0.5 + f64::from(u16::from_le_bytes([first, second])) / f64::from(u16::MAX) / 2.0
}
