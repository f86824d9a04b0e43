use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// Logs to standard error from here on; standard output is for what a script reads.
pub(crate) fn start(filter: &str) -> Result<(), Failure> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        // A line that nobody reads any more is no reason to panic, which complaining about it on the same pipe would be.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init()
        .map_err(|error| Failure::failed(format!("cannot start logging: {error}")))
}
