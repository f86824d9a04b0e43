use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::ServerKind;
use crate::command::run;

/// The installed programs of one kind of server.
#[derive(Debug)]
pub(super) struct Programs {
    /// Creates a data folder.
    pub(super) init: PathBuf,
    pub(super) server: PathBuf,
    user: Option<&'static str>,
}

impl Programs {
    /// Finds the programs on this machine.
    ///
    /// # Errors
    /// Returns the name of the program that is missing.
    pub(super) fn find(kind: ServerKind) -> Result<Self, String> {
        // Processes are found through /proc.
        let Ok(this_process) = fs::metadata("/proc/self") else {
            return Err("private servers need Linux".into());
        };
        let (init, server) = match kind {
            ServerKind::Postgres => {
                // `initdb` is next to the server's file; links to the server may be
                // elsewhere.
                let server = fs::canonicalize(find("postgres")?).map_err(|e| e.to_string())?;
                (server.with_file_name("initdb"), server)
            }
            ServerKind::MySql => (find("mariadb-install-db")?, find("mariadbd")?),
        };
        if !init.is_file() {
            return Err(format!("program {} is not installed", init.display()));
        }
        let user = (this_process.uid() == 0).then(|| kind.user());
        Ok(Self { init, server, user })
    }

    /// Returns a command that runs as the server's user if this process is root.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = match self.user {
            Some(user) => {
                // `setpriv` becomes the server. `runuser` would stay as its parent and
                // stop with it.
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", user, "--init-groups"]);
                command.arg("--").arg(program);
                command
            }
            None => Command::new(program),
        };
        command.env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    /// Makes the server's user the owner of a folder.
    pub(super) fn chown(&self, folder: &Path) {
        if let Some(user) = self.user {
            run(Command::new("chown").arg(format!("{user}:")).arg(folder));
        }
    }
}

/// Finds a program in the search path, or where Debian installs servers, newest version
/// first.
fn find(name: &str) -> Result<PathBuf, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql");
    let versions = versions.into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    let mut programs = env::split_paths(&path)
        .chain(versions.into_iter().rev())
        .chain(["/usr/sbin".into(), "/usr/bin".into()])
        .map(|folder| folder.join(name));
    programs
        .find(|program| program.is_file())
        .ok_or_else(|| format!("program {name} is not installed"))
}
