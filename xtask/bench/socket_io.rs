//! npm's `socket.io` as a compared room server.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// An installation of `socket.io` in the scratch folder.
#[derive(Debug)]
pub(crate) struct SocketIo {
    modules: PathBuf,
    pub(crate) version: String,
}

impl SocketIo {
    /// Installs the package if it is missing.
    ///
    /// # Errors
    /// If Node.js or npm is missing, or the installation fails.
    pub(crate) fn install(scratch: &Path) -> Result<Self> {
        let folder = std::fs::canonicalize(scratch)?.join("socket.io");
        let modules = folder.join("node_modules");
        if !modules.join("socket.io").exists() {
            std::fs::create_dir_all(&folder)?;
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-save", "--no-package-lock", "--no-audit"]);
            npm.args(["--no-fund", "--silent", "--prefix"]);
            let status = npm.arg(&folder).arg("socket.io").status();
            let status = status.context("cannot run npm; install it to compare with socket.io")?;
            ensure!(status.success(), "npm cannot install socket.io: {status}");
        }
        let mut installation = Self {
            modules,
            version: String::new(),
        };
        let mut node = installation.node();
        node.args(["-p", r#"require("socket.io/package.json").version"#]);
        let output = node.output().context("cannot run node; install it")?;
        ensure!(
            output.status.success(),
            "the socket.io installation is broken; delete {}",
            folder.display()
        );
        installation.version = String::from_utf8(output.stdout)?.trim().to_owned();
        Ok(installation)
    }

    /// Returns the command of a server with one room.
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
