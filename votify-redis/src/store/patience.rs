//! How long a call goes on.

use std::time::Duration;

use tokio::time::timeout;

use super::fault::Fault;

/// The longest that a call takes in all; an engine gives up on its store somewhat later.
const PATIENCE: Duration = Duration::from_millis(3_500);
pub(super) async fn in_time<T>(call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout(PATIENCE, call).await.unwrap_or(Err(Fault::Late))
}
