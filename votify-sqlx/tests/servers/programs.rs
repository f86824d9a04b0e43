use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Kind;

/// The installed programs of one kind of server.
pub(crate) struct Programs {
    /// Makes a data folder.
    pub(super) make: PathBuf,
    pub(super) server: PathBuf,
    user: Option<&'static str>,
}

impl Programs {
    /// # Errors
    /// What is missing.
    pub(super) fn find(kind: Kind) -> Result<Self, String> {
        // Processes are found where Linux shows them.
        let Ok(own) = fs::metadata("/proc/self") else {
            return Err("private servers need Linux".into());
        };
        let (make, server) = match kind {
            Kind::Postgres => {
                // Its other programs lie beside the server itself, wherever links to that lie.
                let server = fs::canonicalize(find("postgres")?).map_err(|e| e.to_string())?;
                (server.with_file_name("initdb"), server)
            }
            Kind::MySql => (find("mariadb-install-db")?, find("mariadbd")?),
        };
        if !make.is_file() {
            return Err(format!("no program {} is installed", make.display()));
        }
        let user = (own.uid() == 0).then(|| kind.user());
        Ok(Self { make, server, user })
    }

    /// A command that runs as the server's user where this program is root.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = match self.user {
            Some(user) => {
                // It becomes the server, where `runuser` would stay as its parent and stop whenever it is paused.
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

    /// Gives a folder to the server's user.
    pub(super) fn give(&self, folder: &Path) {
        if let Some(user) = self.user {
            run(Command::new("chown").arg(format!("{user}:")).arg(folder));
        }
    }
}

/// A program from the search path or from where Debian puts servers, the newest version first.
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
        .ok_or_else(|| format!("no program {name} is installed"))
}

/// Runs it to its end; it must succeed.
pub(super) fn run(command: &mut Command) {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => panic!("{command:?}: {error}"),
    };
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
