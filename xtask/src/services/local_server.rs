//! Servers started from installed programs.
//!
//! Each has a data folder and a port of its own, so that no server of the system is
//! affected.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use url::Url;

use super::Service;
use super::programs::is_root;
use crate::cargo::run;

/// Maximum time for a server to start or stop.
const TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The data folder and port of a server.
#[derive(Debug)]
pub(super) struct LocalServer {
    folder: PathBuf,
    pub(super) port: u16,
    is_root: bool,
}

impl LocalServer {
    pub(super) fn new(name: &str, url: &Url) -> Result<Self> {
        Ok(Self {
            // Not in the workspace: the server's user may have no access to root's home.
            folder: env::temp_dir().join("votify-services").join(name),
            port: url.port().context("the URL has no port")?,
            is_root: is_root()?,
        })
    }

    /// Creates the data folder if it is missing. As root, makes `user` its owner.
    pub(super) fn data_folder(&self, user: &str) -> Result<PathBuf> {
        fs::create_dir_all(&self.folder)?;
        if self.is_root {
            run(Command::new("chown")
                .arg(format!("{user}:"))
                .arg(&self.folder))?;
        }
        Ok(self.folder.clone())
    }

    /// Creates the data folder of a server that runs as this process's user.
    pub(super) fn own_data_folder(&self) -> Result<PathBuf> {
        fs::create_dir_all(&self.folder)?;
        Ok(self.folder.clone())
    }

    /// Returns a command that, as root, runs as `user`: PostgreSQL and MariaDB refuse to
    /// run as root.
    pub(super) fn command_as(&self, user: &str, program: &Path) -> Command {
        let mut command = if self.is_root {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.folder);
        command
    }

    /// Starts a process that continues after this program has ended.
    pub(super) fn spawn_detached(&self, command: &mut Command) -> Result<()> {
        spawn_silent(command).map(drop)
    }

    /// Starts a process that continues after this program has ended, and writes its id
    /// into a file, for programs that write none.
    pub(super) fn spawn_detached_with_pid(&self, command: &mut Command, file: &Path) -> Result<()> {
        let server = spawn_silent(command)?;
        fs::write(file, server.id().to_string())?;
        Ok(())
    }
}

fn spawn_silent(command: &mut Command) -> Result<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))
}

/// Starts the service's programs. As root on Debian, installs them first.
///
/// # Errors
/// Returns an error if the programs are missing and cannot be installed, or do not start.
pub(super) fn start(service: &Service, server: &LocalServer) -> Result<()> {
    service.programs.find_or_install()?;
    (service.start)(server)
}

/// Stops a server that an earlier call started. Returns false if it was not running.
///
/// # Errors
/// Returns an error if the process does not end within 30 s.
pub(super) fn stop(service: &Service, server: &LocalServer) -> Result<bool> {
    let pid_files = ["server.pid", "postmaster.pid"].map(|name| server.folder.join(name));
    let text = pid_files
        .iter()
        .find_map(|file| fs::read_to_string(file).ok())
        .unwrap_or_default();
    let pid = text.lines().next().unwrap_or_default().trim();
    // A killed server leaves its file, and another process may have received its pid
    // since.
    let process = Path::new("/proc").join(pid);
    let program = fs::read_to_string(process.join("comm")).unwrap_or_default();
    if pid.parse::<u32>().is_err() || program.trim() != service.process {
        return Ok(false);
    }
    run(Command::new("kill").args(["-TERM", pid]))?;
    wait_until(|| {
        ensure!(!process.exists(), "process {pid} is still running");
        Ok(())
    })?;
    Ok(true)
}

/// Repeats a check every 100 ms until it succeeds, for at most 30 s.
///
/// # Errors
/// Returns the error of the last check.
pub(super) fn wait_until(mut check: impl FnMut() -> Result<()>) -> Result<()> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match check() {
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => thread::sleep(POLL_INTERVAL),
            Ok(()) => return Ok(()),
        }
    }
}
