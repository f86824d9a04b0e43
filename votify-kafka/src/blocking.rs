use std::thread;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::error::Error;

/// Runs a call of the driver that blocks.
///
/// # Errors
/// - [`Error::TaskEnded`]: the runtime is shutting down.
/// - The error of the call.
pub(crate) async fn run_blocking<T, F>(call: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    spawn_blocking(call).await.unwrap_or(Err(Error::TaskEnded))
}

/// Drops a client without blocking the caller: a producer waits for its thread, and a
/// consumer leaves its group.
pub(crate) fn drop_in_background<T: Send + 'static>(client: T) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn_blocking(move || drop(client));
    } else {
        // The thread is not needed for anything else, so its handle is not kept.
        let _ = thread::Builder::new().spawn(move || drop(client));
    }
}
