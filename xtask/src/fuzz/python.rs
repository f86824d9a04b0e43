use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::run;

/// The version that is installed, so that two runs do the same.
const PACKAGE: &str = "schemathesis==4.32.5";

/// The fuzzer, in a virtual environment of its own.
#[derive(Debug)]
pub(super) struct Schemathesis(PathBuf);

impl Schemathesis {
    /// The one in this folder, which is made by the first call.
    pub(super) fn find_or_install(folder: &Path) -> Result<Self> {
        let program = folder.join("bin").join("schemathesis");
        if program.exists() {
            return Ok(Self(program));
        }
        if Command::new("python3").arg("--version").output().is_err() {
            bail!("fuzzing needs Python 3.10 or newer, as `python3`, with `venv` and `pip`");
        }
        let folder_name = folder.to_str().context("a path that is no text")?;
        run(Command::new("python3").args(["-m", "venv", folder_name]))
            .context("fuzzing needs Python's `venv`: on Debian, the package python3-venv")?;
        let pip = folder.join("bin").join("pip");
        run(Command::new(pip).args(["install", "--quiet", PACKAGE]))
            .context("schemathesis could not be installed")?;
        Ok(Self(program))
    }

    /// A run over the API at `url`.
    pub(super) fn command(&self, config: &Path, url: &str) -> Command {
        let mut command = Command::new(&self.0);
        command.arg("--config-file").arg(config).arg("run");
        command.arg(format!("{url}/api/openapi.json"));
        command.args(["--url", url]);
        command
    }
}
