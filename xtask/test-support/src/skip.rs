use std::io::{self, Write};
use std::thread;

/// Reports that the current test is skipped.
///
/// Writes to the process's standard error directly: the test runner hides what a passing
/// test prints.
pub(crate) fn report_skip(reason: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let line =
        format!("SKIPPED {test}: {reason}; `cargo xtask test` finds or starts the servers\n");
    let _ = io::stderr().write_all(line.as_bytes());
}
