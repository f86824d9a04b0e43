//! Programs that tests start: found, or installed from Debian packages.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::cargo::{output, run};

/// Programs and the Debian packages that contain them.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(super) names: &'static [&'static str],
    pub(super) packages: &'static [&'static str],
}

/// The proxy that fleet tests put in front of several server instances.
pub(crate) const PROXY: Programs = Programs {
    names: &["nginx"],
    packages: &["nginx-light"],
};

/// The runtime of the scripts that browser tests run.
pub(crate) const NODE: Programs = Programs {
    names: &["node"],
    packages: &["nodejs"],
};

/// The package manager that installs the scripts' dependencies. Other distributions of
/// Node.js contain it.
pub(crate) const NPM: Programs = Programs {
    names: &["npm"],
    packages: &["npm"],
};

/// The browser, with fonts for Latin, Hebrew and Arabic texts and for emoji.
pub(crate) const CHROMIUM: Programs = Programs {
    names: &["chromium"],
    packages: &["chromium", "fonts-dejavu-core", "fonts-noto-color-emoji"],
};

impl Programs {
    /// Installs the packages if a program is missing and this process runs as root on
    /// Debian.
    ///
    /// # Errors
    /// Returns an error if a program is missing and cannot be installed. The message
    /// names the Debian packages.
    pub(crate) fn find_or_install(&self) -> Result<()> {
        let find_all =
            || -> Result<()> { self.names.iter().try_for_each(|name| find(name).map(drop)) };
        if let Err(missing) = find_all() {
            let packages = self.packages.join(" ");
            ensure!(
                is_root()? && find("apt-get").is_ok(),
                "{missing:#}; install the Debian packages {packages}"
            );
            run(apt_get().arg("update"))?;
            run(apt_get()
                .args(["install", "--yes", "--no-install-recommends"])
                .args(self.packages))?;
            find_all()?;
        }
        Ok(())
    }
}

/// Returns the path of a program.
///
/// Searches `PATH`, and then the folders where Debian installs servers, newest version
/// first.
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
        .with_context(|| format!("the program {name} is not installed"))
}

pub(super) fn is_root() -> Result<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .arg("--quiet")
        // Another apt-get may hold the dpkg lock while it unpacks.
        .args(["-o", "DPkg::Lock::Timeout=60"])
        .stdout(Stdio::null());
    command
}
