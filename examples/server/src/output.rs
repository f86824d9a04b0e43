use std::io::{self, Write};

use crate::failure::Failure;

/// Prints a line to standard output, at once.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")
        .and_then(|()| output.flush())
        .map_err(|error| Failure::failed(format!("cannot write to standard output: {error}")))
}
