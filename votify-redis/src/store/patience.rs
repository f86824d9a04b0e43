//! How long a call goes on.

use std::time::Duration;

use tokio::time::timeout;

use super::error::Fault;

/// The longest that a call takes in all; an engine gives up on its store somewhat later.
const PATIENCE: Duration = Duration::from_millis(3_200);
/// The longest that it then waits for the listings to follow, which somebody else will see to otherwise.
const FOLLOWING: Duration = Duration::from_millis(600);
pub(super) async fn in_time<T>(call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout(PATIENCE, call).await.unwrap_or(Err(Fault::Late))
}

pub(super) async fn soon(following: impl Future<Output = Result<(), Fault>>) -> Result<(), Fault> {
    timeout(FOLLOWING, following)
        .await
        .unwrap_or(Err(Fault::Late))
}
