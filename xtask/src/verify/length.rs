use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::cargo::{output, root};

/// A longer file of code should be looked at, and is named; it may have its reasons.
const LINES: usize = 300;

/// Names the source files that are longer than they should be.
///
/// # Errors
/// If the files cannot be listed or read.
pub(super) fn check() -> Result<()> {
    let mut list = Command::new("git");
    list.current_dir(root()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "*.rs",
    ]);
    for name in output(&mut list)?.lines() {
        let path = root().join(name);
        if !path.exists() {
            continue;
        }
        let lines = fs::read_to_string(path)?.lines().count();
        if lines > LINES {
            eprintln!("warning: {name} has {lines} lines, more than {LINES}");
        }
    }
    Ok(())
}
