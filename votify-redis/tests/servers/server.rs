use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::certificates::Certificates;
use super::guard::Guard;
use super::patience::holds_within;
use super::processes::{self, living_in};
use super::programs::{self, run};
use super::setup::Setup;

/// What a server may take to answer after its start.
const LIMIT: Duration = Duration::from_secs(60);

/// A server that a test has to itself: it may be killed, paused and started again on the same port and folder. It goes
/// away with this value or with the test's process, whichever ends first and however.
pub(crate) struct Server {
    setup: Setup,
    port: u16,
    folder: PathBuf,
    data: PathBuf,
    certificates: Option<Arc<Certificates>>,
    child: Option<Child>,
    guard: Guard,
}

impl Server {
    /// One without password or anything on disk. `None`, after telling so, only if its programs are missing and
    /// `VOTIFY_TEST_REDIS_URL` is not set.
    pub(crate) fn plain() -> Option<Self> {
        Self::of(Setup::new())
    }

    /// # Panics
    /// If it cannot be started, with what it said.
    pub(crate) fn of(setup: Setup) -> Option<Self> {
        if !programs::are_there() {
            return None;
        }
        let folder = TempDir::with_prefix("votify-redis-").unwrap().keep();
        let folder = fs::canonicalize(folder).unwrap();
        let guard = Guard::of(&folder);
        let data = folder.join("data");
        fs::create_dir(&data).unwrap();
        let certificates = setup.tls.then(|| {
            let given = setup.certificates.clone();
            given.unwrap_or_else(|| Arc::new(Certificates::make(&folder)))
        });
        let mut server = Self {
            setup,
            port: 0,
            folder,
            data,
            certificates,
            child: None,
            guard,
        };
        for attempt in 1.. {
            server.port = free_port();
            match server.try_start() {
                Ok(()) => break,
                // Somebody was faster on this port.
                Err(_) if attempt < 5 && server.log().contains("already in use") => {}
                Err(error) => server.fail(&error),
            }
        }
        Some(server)
    }

    /// The same one after every start.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.setup.tls { "rediss" } else { "redis" };
        let password = self.setup.password.as_deref();
        let user = password.map_or_else(String::new, |password| format!(":{password}@"));
        format!("{scheme}://{user}127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps everything.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What a client must trust, as PEM.
    ///
    /// # Panics
    /// If it does not speak TLS.
    pub(crate) fn root_certificate(&self) -> Vec<u8> {
        let certificates = self.certificates.as_ref();
        fs::read(&certificates.expect("it speaks TLS").root).unwrap()
    }

    /// Says a command behind everybody's back; the answer as `redis-cli` prints it.
    ///
    /// # Panics
    /// If there is no answer within ten seconds, or it is an error.
    pub(crate) fn cli(&self, words: &[&str]) -> String {
        run(self.client().args(words))
    }

    /// Starts it again after [`kill`](Self::kill) or [`stop`](Self::stop); returns when it answers.
    pub(crate) fn start(&mut self) {
        assert!(self.processes().is_empty(), "it runs");
        if let Err(error) = self.try_start() {
            self.fail(&error);
        }
    }

    /// Kills it (`SIGKILL`), as a crash would.
    pub(crate) fn kill(&mut self) {
        processes::kill(&self.folder);
        self.reap();
    }

    /// Ends it in its own way (`SIGTERM`).
    pub(crate) fn stop(&mut self) {
        processes::signal("TERM", &self.processes());
        if !processes::are_gone(&self.folder) {
            self.fail("it does not stop");
        }
        self.reap();
    }

    /// Lets it not run (`SIGSTOP`): connections stay open, and nobody answers.
    pub(crate) fn pause(&self) {
        processes::pause(&self.folder);
    }

    /// Ends a [`pause`](Self::pause).
    pub(crate) fn resume(&self) {
        processes::resume(&self.folder);
    }

    /// Ends the connections of all clients, other than the one that says so.
    pub(crate) fn end_all_connections(&self) {
        self.cli(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        self.cli(&["CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes"]);
    }

    /// Forgets all data.
    pub(crate) fn flush(&self) {
        self.cli(&["FLUSHALL"]);
    }

    /// Its living processes.
    pub(crate) fn processes(&self) -> Vec<u32> {
        living_in(&self.folder)
    }

    /// What it said since it was made.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    fn try_start(&mut self) -> Result<(), String> {
        let log = self.folder.join("server.log");
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--dir"]);
        command.arg(&self.data);
        let port = self.port.to_string();
        match &self.certificates {
            Some(certificates) => {
                command.args(["--port", "0", "--tls-port", &port]);
                command.args(["--tls-auth-clients", "no"]);
                command.arg("--tls-cert-file").arg(&certificates.server);
                command.arg("--tls-key-file").arg(&certificates.key);
                command.arg("--tls-ca-cert-file").arg(&certificates.root);
                if self.setup.cluster {
                    command.args(["--tls-cluster", "yes"]);
                }
            }
            None => {
                command.args(["--port", &port]);
            }
        }
        if let Some(password) = &self.setup.password {
            command.args(["--requirepass", password]);
        }
        if self.setup.cluster {
            command.args(["--cluster-enabled", "yes"]);
            command.args(["--cluster-node-timeout", "2000"]);
        }
        command.args(&self.setup.settings);
        let child = command
            .current_dir(&self.data)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn();
        self.child = Some(child.unwrap());
        self.ready()
    }

    /// Waits until it answers, as it does some time after its start.
    fn ready(&mut self) -> Result<(), String> {
        let mut ended = None;
        let ready = holds_within(LIMIT, || {
            let child = self.child.as_mut();
            ended = child.and_then(|child| child.try_wait().unwrap());
            ended.is_some() || self.answers()
        });
        match ended {
            Some(status) => Err(format!("it ended with {status}")),
            None if ready => Ok(()),
            None => Err("it is not ready".to_owned()),
        }
    }

    /// Another server may listen there if this one could not.
    fn answers(&self) -> bool {
        let asked = self.client().args(["CONFIG", "GET", "dir"]).output();
        let said = asked.unwrap().stdout;
        let folder = self.data.to_str().unwrap();
        String::from_utf8_lossy(&said)
            .lines()
            .any(|line| line == folder)
    }

    pub(super) fn certificates(&self) -> Option<Arc<Certificates>> {
        self.certificates.clone()
    }

    pub(super) fn client(&self) -> Command {
        let mut command = Command::new("timeout");
        command.args(["30", "redis-cli", "-e", "-p", &self.port.to_string()]);
        if let Some(password) = &self.setup.password {
            command.env("REDISCLI_AUTH", password);
        }
        if let Some(certificates) = &self.certificates {
            command.arg("--tls").arg("--cacert").arg(&certificates.root);
        }
        command.stdin(Stdio::null());
        command
    }

    fn reap(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.wait().unwrap();
        }
    }

    pub(super) fn fail(&self, why: &str) -> ! {
        panic!("{why}; its log is\n{}", self.log())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.guard.end();
        if let Some(child) = &mut self.child {
            let _ = child.wait();
        }
        // A second panic would end all tests.
        let gone = !self.folder.exists();
        assert!(
            gone || thread::panicking(),
            "{} stays behind",
            self.folder.display()
        );
    }
}

/// A port where nobody listens now, nor on the one that a node of a cluster has beside it, and where no outgoing
/// connection starts from: those have ports from 32768 on.
fn free_port() -> u16 {
    let mut ports = (0..1000).map(|_| fastrand::u16(10_000..22_000));
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let port = ports.find(|port| is_free(*port) && is_free(*port + 10_000));
    port.expect("no port is free")
}
