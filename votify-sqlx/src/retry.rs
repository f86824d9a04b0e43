//! Trying again what failed only because something was in the way for a moment.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tokio::time::Instant;

use crate::error::Error;

/// For how long it is tried again; an engine gives up on its store somewhat later.
const PATIENCE: Duration = Duration::from_secs(3);
/// The pause before the first new try, at most twice as long by chance, so that two who met do not meet again; it doubles
/// from then on.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(128);

/// Does `attempt` until it ends in something other than a passing failure, or patience ends.
pub(crate) async fn on_conflict<T, F>(attempt: impl FnMut() -> F + Send) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>> + Send,
{
    let deadline = Instant::now() + PATIENCE;
    let pauses = ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times();
    attempt
        .retry(pauses)
        .when(|error| error.is_passing() && Instant::now() < deadline)
        .notify(
            |error, pause| tracing::debug!(%error, ?pause, "retrying after a transient failure"),
        )
        .await
}
