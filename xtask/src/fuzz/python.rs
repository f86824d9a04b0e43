use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::python;

/// Pinned, so that a run is repeatable.
const PACKAGE: &str = "schemathesis==4.32.5";

/// The path of schemathesis in a Python environment of its own.
#[derive(Debug)]
pub(super) struct Schemathesis(PathBuf);

impl Schemathesis {
    /// Returns the schemathesis of this folder. The first call creates the environment.
    pub(super) fn find_or_install(folder: &Path) -> Result<Self> {
        let program = Path::new("bin").join("schemathesis");
        python::find_or_install(folder, PACKAGE, &program).map(Self)
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
