use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

use crate::failure::Failure;

/// How long threads that are busy when all is done are waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// Runs to the end on a runtime of its own.
pub(crate) fn run(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = Runtime::new()
        .map_err(|error| Failure::failed(format!("cannot start threads: {error}")))?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(PATIENCE);
    done
}

/// A second runtime, for what must not wait behind the work of the first one. What is spawned by work that runs here runs here
/// too.
#[derive(Debug)]
pub(crate) struct Apart(Runtime);

impl Apart {
    /// Starts its thread.
    pub(crate) fn start() -> Result<Self, Failure> {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("votify-engine")
            .enable_all()
            .build()
            .map(Self)
            .map_err(|error| Failure::failed(format!("cannot start threads: {error}")))
    }

    /// Runs `work` there to its end. Dropping this ends it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let task = AbortOnDropHandle::new(self.0.spawn(work));
        let done = task.await;
        done.unwrap_or_else(|error| Err(Failure::failed(format!("starting failed: {error}"))))
    }

    /// Ends what still runs there. Must not be called from within a runtime.
    pub(crate) fn end(self) {
        self.0.shutdown_timeout(PATIENCE);
    }
}
