use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::run;

/// Pinned, so that a run is repeatable.
const PACKAGE: &str = "schemathesis==4.32.5";

/// The path of schemathesis in a Python environment of its own.
#[derive(Debug)]
pub(super) struct Schemathesis(PathBuf);

impl Schemathesis {
    /// Returns the schemathesis of this folder. The first call creates the environment.
    pub(super) fn find_or_install(folder: &Path) -> Result<Self> {
        let program = folder.join("bin").join("schemathesis");
        if program.exists() {
            return Ok(Self(program));
        }
        if Command::new("python3").arg("--version").output().is_err() {
            bail!("`python3` is not installed; fuzzing needs Python 3.10 with `venv` and `pip`");
        }
        let folder_name = folder
            .to_str()
            .context("the target folder's path is not valid UTF-8")?;
        run(Command::new("python3").args(["-m", "venv", folder_name]))
            .context("cannot create a Python environment; on Debian, install python3-venv")?;
        let pip = folder.join("bin").join("pip");
        run(Command::new(pip).args(["install", "--quiet", PACKAGE]))
            .context("cannot install schemathesis")?;
        Ok(Self(program))
    }

    /// Returns a command that tests the API at `url`.
    pub(super) fn command(&self, config: &Path, url: &str) -> Command {
        let mut command = Command::new(&self.0);
        command.arg("--config-file").arg(config).arg("run");
        command.arg(format!("{url}/api/openapi.json"));
        command.args(["--url", url]);
        command
    }
}
