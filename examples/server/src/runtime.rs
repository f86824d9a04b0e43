use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

use crate::error::CliError;

/// The maximum time to wait for busy threads at the end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);

/// Runs a future to its end on a new runtime.
pub(crate) fn run(work: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    let runtime = Runtime::new()
        .map_err(|error| CliError::failed(format!("cannot start threads: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    result
}

/// A second runtime for the engine, so that a batch does not wait behind requests. Tasks
/// that the engine spawns run on it too.
#[derive(Debug)]
pub(crate) struct EngineRuntime(Runtime);

impl EngineRuntime {
    /// Starts the runtime with one worker thread.
    pub(crate) fn start() -> Result<Self, CliError> {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("votify-engine")
            .enable_all()
            .build()
            .map(Self)
            .map_err(|error| CliError::failed(format!("cannot start threads: {error}")))
    }

    /// Runs `work` on this runtime. Dropping the returned future aborts it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, CliError>> + Send + 'static,
    ) -> Result<T, CliError> {
        let task = AbortOnDropHandle::new(self.0.spawn(work));
        let result = task.await;
        result.unwrap_or_else(|error| Err(CliError::failed(format!("starting failed: {error}"))))
    }

    /// Stops the runtime.
    ///
    /// # Panics
    /// If called from within a runtime.
    pub(crate) fn shutdown(self) {
        self.0.shutdown_timeout(SHUTDOWN_TIMEOUT);
    }
}
