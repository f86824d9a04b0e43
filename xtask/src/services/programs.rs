//! Programs that tests start: found, or installed.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::cargo::{output, run};

/// Programs, and the Debian packages that hold them.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(super) names: &'static [&'static str],
    pub(super) packages: &'static [&'static str],
}

/// What tests start beside servers of the kinds that are services: the proxy in front of several instances.
pub(crate) const OTHERS: Programs = Programs {
    names: &["nginx"],
    packages: &["nginx-light"],
};

impl Programs {
    /// Installs them if one is missing and this is Debian's root.
    ///
    /// # Errors
    /// If they are not there and cannot be installed, with what to install.
    pub(crate) fn find_or_install(&self) -> Result<()> {
        let all = || -> Result<()> { self.names.iter().try_for_each(|name| find(name).map(drop)) };
        if let Err(missing) = all() {
            let packages = self.packages.join(" ");
            ensure!(is_root()?, "{missing:#}; its Debian packages: {packages}");
            ensure!(
                find("apt-get").is_ok(),
                "{missing:#}, and there is no apt-get; its Debian packages: {packages}"
            );
            run(apt().arg("update"))?;
            run(apt()
                .args(["install", "--yes", "--no-install-recommends"])
                .args(self.packages))?;
            all()?;
        }
        Ok(())
    }
}

/// A program from the search path or from where Debian puts servers, the newest version first.
pub(super) fn find(name: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<_> = versions.map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    let folders = env::split_paths(&path)
        .chain(versions.into_iter().rev())
        .chain(["/usr/sbin".into(), "/usr/bin".into()]);
    let mut programs = folders.map(|folder| folder.join(name));
    programs
        .find(|program| program.is_file())
        .with_context(|| format!("no program {name} is installed"))
}

pub(super) fn is_root() -> Result<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .arg("--quiet")
        // While another one unpacks, it is waited for.
        .args(["-o", "DPkg::Lock::Timeout=60"])
        .stdout(Stdio::null());
    command
}
