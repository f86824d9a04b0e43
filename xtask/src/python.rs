//! Programs from Python packages, each in an environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::{output, run};

/// Installs a package into an environment in `folder`, unless `program` exists there.
/// Returns the program's path. `program` is relative to the environment.
///
/// # Errors
/// Returns an error if Python or its `venv` is missing, or if the package cannot be
/// installed. The message says what to install.
pub(crate) fn find_or_install(folder: &Path, package: &str, program: &Path) -> Result<PathBuf> {
    let program = folder.join(program);
    if program.exists() {
        return Ok(program);
    }
    if Command::new("python3").arg("--version").output().is_err() {
        bail!("`python3` is not installed; {package} needs Python 3.10 with `venv` and `pip`");
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(folder))
        .context("cannot create a Python environment; on Debian, install python3-venv")?;
    let pip = folder.join("bin").join("pip");
    run(Command::new(pip).args(["install", "--quiet", package]))
        .with_context(|| format!("cannot install {package}"))?;
    Ok(program)
}

/// Returns the folder of a package in the environment of `folder`, relative to it.
///
/// # Errors
/// Returns an error if Python is missing.
pub(crate) fn package_folder(package: &str) -> Result<PathBuf> {
    let version = "import sys; print('python%d.%d' % sys.version_info[:2])";
    let version = output(Command::new("python3").args(["-c", version]))?;
    let packages = Path::new("lib").join(version.trim()).join("site-packages");
    Ok(packages.join(package))
}
