use std::io::{self, Write};

use crate::error::CliError;

/// Prints a line to standard output and flushes it.
pub(crate) fn print_line(text: &str) -> Result<(), CliError> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")
        .and_then(|()| output.flush())
        .map_err(|error| CliError::failed(format!("cannot write to standard output: {error}")))
}
