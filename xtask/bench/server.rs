use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use tempfile::TempDir;
use uuid::Uuid;

use crate::library;
use crate::naive;
use crate::socket_io::SocketIo;
use crate::usage::{self, Usage};

/// A server in a process of its own; ended when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its data goes with it.
    _folder: TempDir,
}

impl Server {
    /// `votify serve` with a new SQLite file below `scratch`, without limits on what one address may do.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) fn votify(program: &Path, scratch: &Path) -> Result<Self> {
        let mut command = serve(program);
        command.args(["--store", "sqlite://bench.db?mode=rwc"]);
        Self::start(command, scratch)
    }

    /// `votify serve` that keeps everything in its memory, without limits on what one address may do.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) fn votify_in_memory(program: &Path, scratch: &Path) -> Result<Self> {
        let mut command = serve(program);
        command.args(["--store", "memory:"]);
        Self::start(command, scratch)
    }

    /// The same with the empty database of this URL, whose schema it makes.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) fn votify_on(url: &str, program: &Path, scratch: &Path) -> Result<Self> {
        Self::start(serve_on(url, &secret(), program), scratch)
    }

    /// So many of these on one database, which hear of each other and are spared by a cache through one Redis.
    ///
    /// # Errors
    /// If one does not start.
    pub(crate) fn fleet(
        count: usize,
        url: &str,
        redis: &str,
        program: &Path,
        scratch: &Path,
    ) -> Result<Vec<Self>> {
        let secret = secret();
        let start = |_| {
            let mut command = serve_on(url, &secret, program);
            command.env("VOTIFY_BROADCAST", redis);
            command.env("VOTIFY_CACHE", redis);
            Self::start(command, scratch)
        };
        (0..count).map(start).collect()
    }

    /// This program again, counting votes in the naive way in the database of this URL, and beside it in a Redis if there is
    /// one.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) fn naive(url: &str, redis: Option<&str>, scratch: &Path) -> Result<Self> {
        let mut command = again(Part::Naive)?;
        command.env(naive::URL, url);
        if let Some(redis) = redis {
            command.env(naive::REDIS, redis);
        }
        Self::start(command, scratch)
    }

    /// This program again, answering votes and showing a room without a store.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) fn bare(scratch: &Path) -> Result<Self> {
        Self::start(again(Part::Bare)?, scratch)
    }

    /// This program again with Votify as a library, where updates of a poll are at least this far apart.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) fn library(tick: Option<Duration>, scratch: &Path) -> Result<Self> {
        let mut command = again(Part::Library)?;
        if let Some(tick) = tick {
            command.env(library::TICK, tick.as_millis().to_string());
        }
        Self::start(command, scratch)
    }

    /// A room of npm's `socket.io`.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) fn socket_io(socket_io: &SocketIo, scratch: &Path) -> Result<Self> {
        Self::start(socket_io.room(), scratch)
    }

    fn start(mut command: Command, scratch: &Path) -> Result<Self> {
        let folder = TempDir::new_in(fs::canonicalize(scratch)?)?;
        command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.get_program()))?;
        let stdout = child.stdout.take().context("the server has no output")?;
        match listening_on(BufReader::new(stdout)) {
            Ok(address) => Ok(Self {
                child,
                address,
                _folder: folder,
            }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// What it uses, and what else is at work beside it.
    ///
    /// # Errors
    /// If it is gone.
    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::now(self.child.id())
    }

    /// The memory that it holds now, in KiB.
    ///
    /// # Errors
    /// If it is gone.
    pub(crate) fn resident_kib(&self) -> Result<u32> {
        usage::resident_kib(self.child.id())
    }
}

/// `votify serve`, without limits on what one address may do.
fn serve(program: &Path) -> Command {
    let mut command = without_settings(program);
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command.args(["--vote-rate", "off", "--session-rate", "off"]);
    command.args(["--login-rate", "off", "--register-rate", "off"]);
    command.args(["--streams-per-address", "off"]);
    command
}

/// The same on the database of this URL, whose schema it makes.
fn serve_on(url: &str, secret: &str, program: &Path) -> Command {
    let mut command = serve(program);
    command.arg("--migrate").env("VOTIFY_STORE", url);
    // One is kept beside a file only.
    command.env("VOTIFY_SECRET", secret);
    command
}

fn secret() -> String {
    Uuid::new_v4().simple().to_string() + &Uuid::new_v4().simple().to_string()
}

/// A server that is this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Votes and a room without a store: the ceiling of other figures.
    Bare,
    /// Votes counted in the naive way: what other figures are compared with. The database is told by a variable, for a URL may
    /// hold a password.
    Naive,
    /// Votify as a library.
    Library,
}

fn again(part: Part) -> Result<Command> {
    let mut command = without_settings(&std::env::current_exe()?);
    let name = part.to_possible_value().context("a part without a name")?;
    command.arg("--serve").arg(name.get_name());
    Ok(command)
}

/// A program that knows nothing of how Votify is set up for the one who measures.
fn without_settings(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("VOTIFY_") {
            command.env_remove(name);
        }
    }
    command
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already, which is just as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listening_on(output: impl BufRead) -> Result<SocketAddr> {
    for line in output.lines() {
        if let Some(address) = line?.strip_prefix("listening on http://") {
            return address
                .trim_end_matches('/')
                .parse()
                .context("the server listens nowhere");
        }
    }
    bail!("the server ended before it listened");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_its_line() {
        let output = "hello\nlistening on http://127.0.0.1:4321\n";
        assert_eq!(listening_on(output.as_bytes()).unwrap().port(), 4321);
        assert!(listening_on("hello\n".as_bytes()).is_err());
    }
}
