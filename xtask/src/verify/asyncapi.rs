use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::npm;
use crate::cargo::{root, run};
use crate::types::snapshot_content;

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
    let Some(folder) = npm::folder_with("asyncapi", &[PACKAGE], "the AsyncAPI document")? else {
        return Ok(());
    };
    let snapshot = fs::read_to_string(root().join(SNAPSHOT)).context(SNAPSHOT)?;
    let document = folder.join("asyncapi.json");
    fs::write(&document, snapshot_content(&snapshot)?)?;
    let mut node = Command::new("node");
    node.current_dir(&folder)
        .args(["-e", SCRIPT, "asyncapi.json"]);
    run(&mut node).context("the AsyncAPI document is invalid")
}
