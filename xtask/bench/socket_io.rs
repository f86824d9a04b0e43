use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// npm's `socket.io`, in the folder for what figures leave behind.
#[derive(Debug)]
pub(crate) struct SocketIo {
    modules: PathBuf,
    pub(crate) version: String,
}

impl SocketIo {
    /// Fetches it where it is not there yet.
    ///
    /// # Errors
    /// If there is no Node.js or no npm, or npm cannot fetch it.
    pub(crate) fn install(scratch: &Path) -> Result<Self> {
        let folder = std::fs::canonicalize(scratch)?.join("socket.io");
        let modules = folder.join("node_modules");
        if !modules.join("socket.io").exists() {
            std::fs::create_dir_all(&folder)?;
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-save", "--no-package-lock", "--no-audit"]);
            npm.args(["--no-fund", "--silent", "--prefix"]);
            let status = npm.arg(&folder).arg("socket.io").status();
            let status =
                status.context("npm is needed to compare with socket.io, and not there")?;
            ensure!(status.success(), "npm cannot install socket.io");
        }
        let mut this = Self {
            modules,
            version: String::new(),
        };
        let mut node = this.node();
        node.args(["-p", r#"require("socket.io/package.json").version"#]);
        let told = node.output().context("there is no node to run")?;
        ensure!(told.status.success(), "socket.io is not as npm installs it");
        this.version = String::from_utf8(told.stdout)?.trim().to_owned();
        Ok(this)
    }

    /// A room that many watch, as it is written with it.
    pub(crate) fn room(&self) -> Command {
        let mut node = self.node();
        node.args(["-e", include_str!("socket_io.js")]);
        node
    }

    fn node(&self) -> Command {
        let mut node = Command::new("node");
        node.env("NODE_PATH", &self.modules);
        node
    }
}
