use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::error::CliError;

/// Starts logging to standard error. Standard output is for what scripts read.
pub(crate) fn start(filter: &str) -> Result<(), CliError> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        // Reporting a failed write to the same closed pipe would panic.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init()
        .map_err(|error| CliError::failed(format!("cannot start logging: {error}")))
}
