use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

use crate::error::Error;

/// The time after which no retry starts. An engine's timeout for its store is longer.
const MAX_ELAPSED: Duration = Duration::from_secs(3);
/// The delay before the first retry. It doubles with each retry, and jitter of up to the
/// delay is added so that two conflicting callers do not meet again.
const MIN_DELAY: Duration = Duration::from_millis(2);
const MAX_DELAY: Duration = Duration::from_millis(128);

/// Returns the time after which no retry of a call that begins now starts.
pub(crate) fn deadline() -> Instant {
    Instant::now() + MAX_ELAPSED
}

/// Runs `attempt` until it returns something else than a retryable error, at most until
/// the [`deadline`].
pub(crate) async fn retry_transient<T, F>(attempt: impl FnMut() -> F + Send) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>> + Send,
{
    retry_until(deadline(), attempt).await
}

/// Runs `attempt` at least once, and until it returns something else than a retryable
/// error or the deadline has passed.
pub(crate) async fn retry_until<T, F>(
    deadline: Instant,
    mut attempt: impl FnMut() -> F + Send,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>> + Send,
{
    let mut retries = Retries::until(deadline);
    loop {
        match attempt().await {
            Err(error) => retries.wait_after(error).await?,
            done => return done,
        }
    }
}

/// The retries of a call. Every call of a store is compiled with [`retry_until`], for each
/// database, so what does not depend on the call is kept apart.
struct Retries {
    deadline: Instant,
    delays: ExponentialBackoff,
}

impl Retries {
    fn until(deadline: Instant) -> Self {
        let delays = ExponentialBuilder::default()
            .with_min_delay(MIN_DELAY)
            .with_max_delay(MAX_DELAY)
            .with_jitter()
            .without_max_times()
            .build();
        Self { deadline, delays }
    }

    /// Waits before the next attempt, or returns the error of the last one.
    async fn wait_after(&mut self, error: Error) -> Result<(), Error> {
        if !error.is_retryable() || Instant::now() >= self.deadline {
            return Err(error);
        }
        let Some(delay) = self.delays.next() else {
            return Err(error);
        };
        tracing::debug!(%error, ?delay, "retrying after a transient failure");
        tokio::time::sleep(delay).await;
        Ok(())
    }
}
