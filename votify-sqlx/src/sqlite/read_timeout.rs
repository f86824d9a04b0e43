//! The timeout of long reads. SQLite has none for a statement, but calls a function while a
//! statement runs, which may end the statement.

use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnection;

/// The timeout for a whole transaction: its snapshot keeps the log from being reused.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// The number of steps of a statement between two reads of the clock: about 20 µs.
const STEPS: i32 = 1000;

/// Ends the statements of a connection with an error once the timeout has passed.
pub(super) async fn set(
    connection: &mut SqliteConnection,
    timeout: Duration,
) -> Result<(), sqlx::Error> {
    let end = Instant::now() + timeout;
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(STEPS, move || Instant::now() < end);
    Ok(())
}

/// Removes the timeout.
pub(super) async fn remove(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    connection.lock_handle().await?.remove_progress_handler();
    Ok(())
}
