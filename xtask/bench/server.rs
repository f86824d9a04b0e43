//! A measured server in its own process.

mod command;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::library;
use crate::naive;
use crate::socket_io::SocketIo;
use crate::usage::{self, Usage};
pub(crate) use command::Role;

/// A server process. Dropping kills it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The working directory with the server's data, deleted on drop.
    _folder: TempDir,
}

impl Server {
    /// Starts `votify serve` with a new SQLite file below `scratch`, without limits per
    /// address.
    ///
    /// # Errors
    /// If the server does not start.
    pub(crate) fn votify_on_sqlite(program: &Path, scratch: &Path) -> Result<Self> {
        let mut command = command::serve(program);
        command.args(["--store", "sqlite://bench.db?mode=rwc"]);
        Self::start(command, scratch)
    }

    /// Starts `votify serve` with a memory store, without limits per address.
    ///
    /// # Errors
    /// If the server does not start.
    pub(crate) fn votify_in_memory(program: &Path, scratch: &Path) -> Result<Self> {
        let mut command = command::serve(program);
        command.args(["--store", "memory:"]);
        Self::start(command, scratch)
    }

    /// Starts `votify serve` on the empty database of this URL and creates the schema.
    ///
    /// # Errors
    /// If the server does not start.
    pub(crate) fn votify_on(url: &str, program: &Path, scratch: &Path) -> Result<Self> {
        Self::start(
            command::serve_on(url, &command::new_secret(), program),
            scratch,
        )
    }

    /// Starts `count` instances on one database, with one Redis as broadcaster and cache.
    ///
    /// # Errors
    /// If an instance does not start.
    pub(crate) fn fleet(
        count: usize,
        url: &str,
        redis: &str,
        program: &Path,
        scratch: &Path,
    ) -> Result<Vec<Self>> {
        let secret = command::new_secret();
        let start = |_| {
            let mut command = command::serve_on(url, &secret, program);
            command.env("VOTIFY_BROADCAST", redis);
            command.env("VOTIFY_CACHE", redis);
            Self::start(command, scratch)
        };
        (0..count).map(start).collect()
    }

    /// Starts the naive server on the database of this URL, with `redis` as the source
    /// design.
    ///
    /// # Errors
    /// If the server does not start.
    pub(crate) fn naive(url: &str, redis: Option<&str>, scratch: &Path) -> Result<Self> {
        let mut command = command::this_program(Role::Naive)?;
        command.env(naive::URL, url);
        if let Some(redis) = redis {
            command.env(naive::REDIS, redis);
        }
        Self::start(command, scratch)
    }

    /// Starts the baseline: votes and a room without a store.
    ///
    /// # Errors
    /// If the server does not start.
    pub(crate) fn baseline(scratch: &Path) -> Result<Self> {
        Self::start(command::this_program(Role::Baseline)?, scratch)
    }

    /// Starts Votify as a library. `update_interval` defaults to the engine's default.
    ///
    /// # Errors
    /// If the server does not start.
    pub(crate) fn library(update_interval: Option<Duration>, scratch: &Path) -> Result<Self> {
        let mut command = command::this_program(Role::Library)?;
        if let Some(interval) = update_interval {
            command.env(library::UPDATE_INTERVAL, interval.as_millis().to_string());
        }
        Self::start(command, scratch)
    }

    /// Starts a room of npm's `socket.io`.
    ///
    /// # Errors
    /// If the server does not start.
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
        let stdout = child.stdout.take().context("no standard output")?;
        match read_address(BufReader::new(stdout)) {
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

    /// Returns the processor time used by this server, the load and the machine.
    ///
    /// # Errors
    /// If the server has exited.
    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::read(self.child.id())
    }

    /// Returns the server's resident memory, in KiB.
    ///
    /// # Errors
    /// If the server has exited.
    pub(crate) fn resident_kib(&self) -> Result<u32> {
        usage::resident_kib(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ignored: the process may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines until the one with the server's address.
fn read_address(output: impl BufRead) -> Result<SocketAddr> {
    for line in output.lines() {
        if let Some(address) = line?.strip_prefix("listening on http://") {
            return address
                .trim_end_matches('/')
                .parse()
                .context("the server printed an invalid address");
        }
    }
    bail!("the server exited before it listened");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_its_line() {
        let output = "hello\nlistening on http://127.0.0.1:4321\n";
        assert_eq!(read_address(output.as_bytes()).unwrap().port(), 4321);
        assert!(read_address("hello\n".as_bytes()).is_err());
    }
}
