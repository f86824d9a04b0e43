//! Runs nextest, and prints where the time went before nextest's closing lines.

use std::fs;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

use super::tier::Tier;
use super::{budget, junit};
use crate::cargo::{show, workspace};

/// Runs a nextest command for a tier. Prints the time report and `notice` before nextest's
/// closing lines.
///
/// # Errors
/// Returns an error if nextest cannot be started or its output cannot be forwarded.
pub(super) fn run_with_report(
    command: &mut Command,
    tier: Tier,
    notice: &str,
) -> Result<ExitStatus> {
    // The store of nextest's default configuration, which ignores `CARGO_TARGET_DIR`.
    let folder = workspace()?.workspace_root.join("target/nextest");
    let report = folder.join(tier.profile()).join("junit.xml");
    // If the build fails, nextest leaves the report of the previous run.
    let _ = fs::remove_file(&report);
    if io::stderr().is_terminal() {
        command.arg("--color=always");
    }
    show(command);
    let mut nextest = command
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start nextest")?;
    let output = nextest.stderr.take().context("stderr is piped")?;
    let closing_lines = forward(BufReader::new(output), &mut io::stderr())?;
    let status = nextest.wait()?;
    // Without a summary, the build failed and no test ran.
    if !closing_lines.is_empty() {
        match fs::read_to_string(&report)
            .map_err(Into::into)
            .and_then(|xml| junit::parse(&xml))
        {
            Ok(tests) => eprint!("{}", budget::Report::new(&tests, tier)),
            Err(error) => eprintln!("no time report: cannot read {report}: {error:#}"),
        }
    }
    eprint!("{notice}");
    io::stderr().write_all(&closing_lines)?;
    Ok(status)
}

/// Copies nextest's messages to `output` up to the summary, and returns the rest.
fn forward(mut messages: impl BufRead, output: &mut impl Write) -> Result<Vec<u8>> {
    let mut closing_lines = Vec::new();
    let mut line = Vec::new();
    while messages.read_until(b'\n', &mut line)? > 0 {
        if closing_lines.is_empty() && !is_summary(&line) {
            output.write_all(&line)?;
        } else {
            closing_lines.extend_from_slice(&line);
        }
        line.clear();
    }
    Ok(closing_lines)
}

/// Returns true for a line such as `Summary [   1.2s] 3 tests run: 3 passed`, with or
/// without colors.
fn is_summary(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    line.contains("Summary") && line.contains(" run: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_from_the_summary_on_are_held_back() {
        let messages = "    PASS [   0.1s] core decides\n------------\n\
                        \u{1b}[31;1m     Summary\u{1b}[0m [   1.2s] 3 tests run: 2 passed, 1 failed\n\
                        FAIL core seals\n";
        let mut output = Vec::new();
        let closing_lines = forward(messages.as_bytes(), &mut output).unwrap();
        let output = String::from_utf8(output).unwrap();
        assert!(output.ends_with("decides\n------------\n"), "{output}");
        let closing_lines = String::from_utf8(closing_lines).unwrap();
        assert!(closing_lines.ends_with("1 failed\nFAIL core seals\n"));
        assert_eq!(closing_lines.lines().count(), 2);
    }
}
