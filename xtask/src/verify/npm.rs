//! Packages of the npm registry, for checks that run in Node.js.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::cargo::{root, run};

/// Returns a folder below `target` with the packages. The first call installs them, so
/// name exact versions. Without Node.js, or if the registry does not answer, prints a
/// warning that `subject` is not checked, and returns `None`.
///
/// # Errors
/// Returns an error if the folder cannot be created.
pub(super) fn folder_with(name: &str, packages: &[&str], subject: &str) -> Result<Option<PathBuf>> {
    if !(is_installed("node") && is_installed("npm")) {
        eprintln!(
            "WARNING: {subject} is not checked, because Node.js with npm is not installed; on Debian, install nodejs \
             and npm"
        );
        return Ok(None);
    }
    let folder = root().join("target").join(name);
    fs::create_dir_all(&folder)?;
    if let Err(error) = install(&folder, packages) {
        eprintln!("WARNING: {subject} is not checked: {error:#}");
        return Ok(None);
    }
    Ok(Some(folder))
}

fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Installs packages, unless these versions are installed.
fn install(folder: &Path, packages: &[&str]) -> Result<()> {
    let (installed, packages_line) = (folder.join("installed"), packages.join(" "));
    if fs::read_to_string(&installed).is_ok_and(|line| line == packages_line) {
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
    // The scripts of some packages send statistics.
    npm.args([
        "--fetch-retries=0",
        "--fetch-timeout=20000",
        "--ignore-scripts",
    ]);
    run(npm.args(packages)).context("cannot install the packages")?;
    fs::write(installed, packages_line)?;
    Ok(())
}
