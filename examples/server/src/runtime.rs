use std::future::Future;
use std::time::Duration;

use crate::failure::Failure;

/// How long threads that are busy when all is done are waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// Runs to the end on a runtime of its own.
pub(crate) fn run(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Runtime::new().map_err(|error| Failure::failed(format!("cannot start threads: {error}")))?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(PATIENCE);
    done
}
