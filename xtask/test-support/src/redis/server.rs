use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::certificates::Certificates;
use super::config::ServerConfig;
use super::programs;
use crate::command::run;
use crate::port::free_cluster_port;
use crate::process::ServerProcess;
use crate::wait::wait_until;

/// How long a server may take to answer after its start.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Attempts to start on a free port: another process may take the port first.
const START_ATTEMPTS: u32 = 5;

/// A private Redis server. A test may kill, pause and restart it on the same port and
/// folder.
///
/// It is removed with this value or when the test's process ends.
#[derive(Debug)]
pub struct Server {
    config: ServerConfig,
    port: u16,
    certificates: Option<Arc<Certificates>>,
    process: ServerProcess,
}

impl Server {
    /// Starts a server without password and persistence.
    ///
    /// Returns `None`, and reports the skip, if the programs are missing and
    /// `VOTIFY_TEST_REDIS_URL` is not set.
    #[must_use]
    pub fn new() -> Option<Self> {
        Self::with_config(ServerConfig::new())
    }

    /// Starts a server with this configuration.
    ///
    /// Returns `None`, and reports the skip, as [`new`](Self::new) does.
    ///
    /// # Panics
    /// Panics with the server's log if the server does not start.
    #[must_use]
    pub fn with_config(config: ServerConfig) -> Option<Self> {
        if !programs::are_installed() {
            return None;
        }
        let process = ServerProcess::new("votify-redis-");
        fs::create_dir(process.data()).unwrap();
        let certificates = config.tls.then(|| {
            let shared = config.certificates.clone();
            shared.unwrap_or_else(|| Arc::new(Certificates::create(process.folder())))
        });
        let mut server = Self {
            config,
            port: 0,
            certificates,
            process,
        };
        for attempt in 1.. {
            server.port = free_cluster_port();
            match server.try_start() {
                Ok(()) => break,
                Err(_) if attempt < START_ATTEMPTS && server.log().contains("already in use") => {}
                Err(error) => server.fail(&error),
            }
        }
        Some(server)
    }

    /// The server's URL. A restart does not change it.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.config.tls { "rediss" } else { "redis" };
        let password = self.config.password.as_deref();
        let user = password.map_or_else(String::new, |password| format!(":{password}@"));
        format!("{scheme}://{user}127.0.0.1:{}", self.port)
    }

    /// The server's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with the server's data and log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// The root certificate that clients must trust, as PEM.
    ///
    /// # Panics
    /// Panics if the server has no TLS.
    #[must_use]
    pub fn root_certificate(&self) -> Vec<u8> {
        let certificates = self.certificates.as_ref();
        fs::read(&certificates.expect("the server has TLS").root).unwrap()
    }

    /// Runs a command that bypasses the client under test. Returns the reply as
    /// `redis-cli` prints it.
    ///
    /// # Panics
    /// Panics if the server does not reply within 30 s, or replies with an error.
    pub fn cli(&self, words: &[&str]) -> String {
        run(self.client().args(words))
    }

    /// Starts the server again after [`kill`](Self::kill) or [`stop`](Self::stop).
    /// Returns when the server answers.
    ///
    /// # Panics
    /// Panics with the server's log if the server does not answer within 60 s.
    pub fn start(&mut self) {
        assert!(self.processes().is_empty(), "the server runs already");
        if let Err(error) = self.try_start() {
            self.fail(&error);
        }
    }

    /// Kills the server (`SIGKILL`), as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Shuts the server down in good order (`SIGTERM`).
    ///
    /// # Panics
    /// Panics if the server does not end within 20 s.
    pub fn stop(&mut self) {
        let processes = self.processes();
        if let Err(error) = self.process.stop("TERM", &processes) {
            self.fail(error);
        }
    }

    /// Stops the server's process (`SIGSTOP`). Connections stay open without an answer.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Ends the connections of all clients except the one that sends this command.
    pub fn end_all_connections(&self) {
        self.cli(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        self.cli(&["CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes"]);
    }

    /// Deletes all data.
    pub fn flush(&self) {
        self.cli(&["FLUSHALL"]);
    }

    /// The server's live processes.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        self.process.processes()
    }

    /// The server's log since its first start.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    fn try_start(&mut self) -> Result<(), String> {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--dir"]);
        command.arg(self.process.data());
        let port = self.port.to_string();
        match &self.certificates {
            Some(certificates) => {
                command.args(["--port", "0", "--tls-port", &port]);
                command.args(["--tls-auth-clients", "no"]);
                command.arg("--tls-cert-file").arg(&certificates.server);
                command.arg("--tls-key-file").arg(&certificates.key);
                command.arg("--tls-ca-cert-file").arg(&certificates.root);
                if self.config.cluster {
                    command.args(["--tls-cluster", "yes"]);
                }
            }
            None => {
                command.args(["--port", &port]);
            }
        }
        if let Some(password) = &self.config.password {
            command.args(["--requirepass", password]);
        }
        if self.config.cluster {
            command.args(["--cluster-enabled", "yes"]);
            command.args(["--cluster-node-timeout", "2000"]);
        }
        command.args(&self.config.settings);
        self.process.spawn(command.stdin(Stdio::null()));
        self.wait_until_ready()
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let mut exit_status = None;
        let ready = wait_until(START_LIMIT, || {
            exit_status = self.process.exit_status();
            exit_status.is_some() || self.answers()
        });
        match exit_status {
            Some(status) => Err(format!("the server ended with {status}")),
            None if ready => Ok(()),
            None => Err("the server is not ready".to_owned()),
        }
    }

    /// Returns true if this server answers on the port. Another server may listen there
    /// if this one could not.
    fn answers(&self) -> bool {
        let output = self.client().args(["CONFIG", "GET", "dir"]).output();
        let reply = output.unwrap().stdout;
        let folder = self.process.data().to_str().unwrap();
        String::from_utf8_lossy(&reply)
            .lines()
            .any(|line| line == folder)
    }

    pub(super) fn certificates(&self) -> Option<Arc<Certificates>> {
        self.certificates.clone()
    }

    pub(super) fn client(&self) -> Command {
        let mut command = Command::new("timeout");
        command.args(["30", "redis-cli", "-e", "-p", &self.port.to_string()]);
        if let Some(password) = &self.config.password {
            command.env("REDISCLI_AUTH", password);
        }
        if let Some(certificates) = &self.certificates {
            command.arg("--tls").arg("--cacert").arg(&certificates.root);
        }
        command.stdin(Stdio::null());
        command
    }

    pub(super) fn fail(&self, reason: &str) -> ! {
        self.process.fail(reason)
    }
}
