//! What browser tests need beside Rust: Node.js, Chromium and npm packages.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::{output, root, run};
use crate::services::programs::{CHROMIUM, NODE, NPM};

/// The scripts of the browser tests, with the lock file of their packages.
const SCRIPTS: &str = "examples/server/tests/browser";

/// The oldest version of Node.js that playwright-core supports.
const MIN_NODE: u32 = 20;

/// The variable with the path of another Chromium.
const CHROMIUM_VARIABLE: &str = "VOTIFY_TEST_CHROMIUM";

/// Finds Node.js. As root on Debian, installs it if it is missing.
///
/// # Errors
/// Returns an error if Node.js is missing and cannot be installed, or is too old. The
/// message says what to install.
pub(super) fn find_or_install_node() -> Result<()> {
    NODE.find_or_install()
        .context("tests of pages and of the client library run scripts")?;
    check_version(&output(Command::new("node").arg("--version"))?)
}

/// Finds npm, Chromium and the npm packages of the scripts. As root on Debian, installs the
/// programs that are missing. Installs the packages if the lock file changed.
///
/// # Errors
/// Returns an error if something is missing and cannot be installed. The message says what
/// to install.
pub(super) fn find_or_install() -> Result<()> {
    NPM.find_or_install()?;
    if env::var_os(CHROMIUM_VARIABLE).is_none() {
        CHROMIUM
            .find_or_install()
            .with_context(|| format!("or set {CHROMIUM_VARIABLE} to the path of a Chromium"))?;
    }
    install_packages(&root().join(SCRIPTS))
}

/// Requires a supported version of Node.js, such as `v20.20.2`.
fn check_version(version: &str) -> Result<()> {
    let version = version.trim();
    let major = version.trim_start_matches('v').split('.').next();
    let major = major.and_then(|major| major.parse::<u32>().ok());
    ensure!(
        major.is_some_and(|major| major >= MIN_NODE),
        "Node.js {version} is not supported; install Node.js {MIN_NODE} or newer from \
         https://nodejs.org/en/download and put `node` and `npm` on the PATH"
    );
    Ok(())
}

/// Installs the packages of a folder's lock file, unless they are installed.
fn install_packages(folder: &Path) -> Result<()> {
    let lock = fs::read(folder.join("package-lock.json"))?;
    let installed = folder.join("node_modules").join("installed-lock.json");
    if fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.current_dir(folder)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    run(&mut npm).with_context(|| {
        format!(
            "cannot install the npm packages of {SCRIPTS}; check the connection to npm's registry"
        )
    })?;
    fs::write(installed, lock)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_of_node_are_refused() {
        for supported in ["v20.0.0\n", "v22.9.0", "v100.1.0"] {
            check_version(supported).unwrap();
        }
        for refused in ["v18.20.4", "v9.0.0", "", "node"] {
            let error = check_version(refused).unwrap_err().to_string();
            assert!(error.contains("install Node.js 20 or newer"), "{error}");
        }
    }
}
