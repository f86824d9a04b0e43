use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::error::CliError;

/// Starts logging to standard error. Standard output is for what scripts read.
pub(crate) fn start(filter: &str) -> Result<(), CliError> {
    let filter = parse_filter(filter).map_err(|error| CliError::failed(format!("log {error}")))?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // Reporting a failed write to the same closed pipe would panic.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|error| CliError::failed(format!("cannot start logging: {error}")))
}

/// Parses the setting `log`. `Targets` instead of `EnvFilter`: it needs no regular
/// expressions, which are 8 s of the first build, and filters by spans are not offered.
pub(crate) fn parse_filter(text: &str) -> Result<Targets, String> {
    text.parse().map_err(|error| {
        format!("must be a level (info) or a filter (info,votify_core=debug): {error}")
    })
}
