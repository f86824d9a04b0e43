use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::cargo::{root, run};

/// The official parser. Pinned, so that a run is repeatable.
const PACKAGE: &str = "@asyncapi/parser@3.6.6";

const SCRIPT: &str = include_str!("asyncapi.js");

/// A test compares this file with the document that the router serves.
const SNAPSHOT: &str = "votify-axum/tests/it/snapshots/it__snapshots__asyncapi_document.snap";

/// Parses the AsyncAPI document with the official parser of the npm registry. The first
/// run installs the parser below `target`. Without Node.js, or if the registry does not
/// answer, prints a warning.
///
/// # Errors
/// Returns an error if the document has errors or warnings.
pub(super) fn check() -> Result<()> {
    if !(is_installed("node") && is_installed("npm")) {
        eprintln!(
            "WARNING: the AsyncAPI document is not checked, because Node.js with npm is not installed; on Debian, install \
             nodejs and npm"
        );
        return Ok(());
    }
    let folder = root().join("target").join("asyncapi");
    fs::create_dir_all(&folder)?;
    if let Err(error) = install(&folder) {
        eprintln!("WARNING: the AsyncAPI document is not checked: {error:#}");
        return Ok(());
    }
    let snapshot = fs::read_to_string(root().join(SNAPSHOT)).context(SNAPSHOT)?;
    let document = folder.join("asyncapi.json");
    fs::write(&document, content(&snapshot)?)?;
    let mut node = Command::new("node");
    node.current_dir(&folder)
        .args(["-e", SCRIPT, "asyncapi.json"]);
    run(&mut node).context("the AsyncAPI document is invalid")
}

fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Installs the parser, unless this version is installed.
fn install(folder: &Path) -> Result<()> {
    let installed = folder.join("installed");
    if fs::read_to_string(&installed).is_ok_and(|package| package == PACKAGE) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.current_dir(folder).args([
        "install",
        "--prefix",
        ".",
        "--no-save",
        "--no-audit",
        "--no-fund",
    ]);
    // The scripts of its dependencies send statistics.
    npm.args(["--fetch-retries=0", "--fetch-timeout=20000"]);
    run(npm.args(["--ignore-scripts", PACKAGE])).context("cannot install the parser")?;
    fs::write(installed, PACKAGE)?;
    Ok(())
}

/// Returns what a snapshot file contains behind its head.
fn content(snapshot: &str) -> Result<&str> {
    let mut parts = snapshot.splitn(3, "---\n");
    parts.nth(2).context("the snapshot has no head")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_follows_the_head() {
        let snapshot = "---\nsource: a.rs\nexpression: x\n---\n{\"a\": \"---\\n\"}\n";
        assert_eq!(content(snapshot).unwrap(), "{\"a\": \"---\\n\"}\n");
        assert!(content("{}").is_err());
    }
}
