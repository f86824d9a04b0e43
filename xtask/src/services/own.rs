//! Servers started from programs that are installed here, each with a data folder and a port of its own, so that no
//! server of the system is touched.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use url::Url;

use super::Service;
use super::programs::is_root;
use crate::cargo::run;

/// Where a server keeps its data, and where it listens.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    pub(super) port: u16,
    root: bool,
}

impl Place {
    pub(super) fn new(name: &str, url: &Url) -> Result<Self> {
        Ok(Self {
            // Not below the workspace: a server runs as another user than root, whose home it may not enter.
            folder: env::temp_dir().join("votify-services").join(name),
            port: url.port().context("the URL names no port")?,
            root: is_root()?,
        })
    }

    /// The data folder, made now if need be, and owned by `user` where that can be arranged.
    pub(super) fn folder_of(&self, user: &str) -> Result<PathBuf> {
        fs::create_dir_all(&self.folder)?;
        if self.root {
            run(Command::new("chown")
                .arg(format!("{user}:"))
                .arg(&self.folder))?;
        }
        Ok(self.folder.clone())
    }

    /// A command that runs as `user` where this program is root: PostgreSQL and MariaDB refuse to be that.
    pub(super) fn command_as(&self, user: &str, program: &Path) -> Command {
        let mut command = if self.root {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.folder);
        command
    }

    /// Lets it run on after this program has ended.
    pub(super) fn detach(&self, command: &mut Command) -> Result<()> {
        let quiet = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        quiet.process_group(0).spawn().context("cannot start it")?;
        Ok(())
    }
}

/// Starts the service's programs, installing them first where this is Debian's root.
///
/// # Errors
/// If they are not there and cannot be installed, or do not start.
pub(super) fn start(service: &Service, place: &Place) -> Result<()> {
    service.programs.find_or_install()?;
    (service.start)(place)
}

/// Ends the server of this place; tells whether there was one.
///
/// # Errors
/// If it does not end within half a minute.
pub(super) fn stop(service: &Service, place: &Place) -> Result<bool> {
    let files = ["server.pid", "postmaster.pid"].map(|name| place.folder.join(name));
    let text = files
        .iter()
        .find_map(|file| fs::read_to_string(file).ok())
        .unwrap_or_default();
    let id = text.lines().next().unwrap_or_default().trim();
    // A server that was killed leaves its file behind, and the number may be another process's by now.
    let process = Path::new("/proc").join(id);
    let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
    if id.parse::<u32>().is_err() || !service.programs.names.contains(&name.trim()) {
        return Ok(false);
    }
    run(Command::new("kill").args(["-TERM", id]))?;
    wait_until(|| {
        ensure!(!process.exists(), "process {id} does not end");
        Ok(())
    })?;
    Ok(true)
}

/// Asks again and again for half a minute.
///
/// # Errors
/// The last answer.
pub(super) fn wait_until(mut ready: impl FnMut() -> Result<()>) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        match ready() {
            Err(error) if Instant::now() >= end => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(100)),
            Ok(()) => return Ok(()),
        }
    }
}
