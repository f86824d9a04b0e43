use std::fs;

use anyhow::Result;

use crate::cargo::{git_ls_files, output, root};

/// Maximum number of lines before a source file is reported.
const MAX_LINES: usize = 300;

/// Reports source files that are longer than 300 lines. A long file is not a failure,
/// because it may have its reasons.
///
/// # Errors
/// Returns an error if the files cannot be listed or read.
pub(super) fn check() -> Result<()> {
    for name in output(&mut git_ls_files("*.rs"))?.lines() {
        let path = root().join(name);
        // A deleted file stays in the index until the deletion is staged.
        if !path.exists() {
            continue;
        }
        let lines = fs::read_to_string(path)?.lines().count();
        if lines > MAX_LINES {
            eprintln!("warning: {name} has {lines} lines, more than {MAX_LINES}");
        }
    }
    Ok(())
}
