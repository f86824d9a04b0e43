//! A shared Kafka broker, and private ones that tests kill.

use std::env::{self, VarError};
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::port::free_port;
use crate::process::ServerProcess;
use crate::skip::report_skip;
use crate::wait::wait_until;

/// The environment variable with the URL of the shared broker. If it is set, no test may
/// be skipped.
const URL_VARIABLE: &str = "VOTIFY_TEST_KAFKA_URL";
/// The environment variable with the path of tansu, a broker with Kafka's protocol, built
/// with its storage on SQLite.
const PROGRAM_VARIABLE: &str = "VOTIFY_TEST_TANSU";
/// How long a broker may take to answer after its start.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Returns the address `host:port` of the shared broker.
///
/// Returns `None`, and reports the skip, if the variable is not set. Other tests use the
/// broker too: every topic and group needs a name of its own.
///
/// # Panics
/// Panics if the variable is not a `kafka://` URL.
#[must_use]
pub fn shared_brokers() -> Option<String> {
    let url = variable(URL_VARIABLE)?;
    let address = url.strip_prefix("kafka://").expect("a kafka:// URL");
    Some(address.trim_end_matches('/').to_owned())
}

fn variable(name: &str) -> Option<String> {
    match env::var(name) {
        Ok(value) => Some(value),
        Err(VarError::NotPresent) => {
            report_skip(&format!("{name} is not set"));
            None
        }
        Err(error @ VarError::NotUnicode(_)) => panic!("{name}: {error}"),
    }
}

/// A private broker that stores its records in a SQLite file. A test may kill, pause and
/// restart it on the same port and folder.
///
/// It is removed with this value or when the test's process ends.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    port: u16,
    process: ServerProcess,
}

impl Server {
    /// Starts a broker. Returns `None`, and reports the skip, if `VOTIFY_TEST_TANSU` is not
    /// set.
    ///
    /// # Panics
    /// Panics if the broker does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let program = PathBuf::from(variable(PROGRAM_VARIABLE)?);
        let mut server = Self {
            program,
            port: free_port(),
            process: ServerProcess::new("votify-kafka-"),
        };
        fs::create_dir(server.process.data()).unwrap();
        server.spawn();
        Some(server)
    }

    /// Returns the address `host:port`.
    #[must_use]
    pub fn brokers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills the broker (`SIGKILL`).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts the broker again after a kill, with the data that it has written.
    pub fn restart(&mut self) {
        self.spawn();
    }

    /// Stops the broker (`SIGSTOP`) until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Continues the broker (`SIGCONT`).
    pub fn resume(&self) {
        self.process.resume();
    }

    fn spawn(&mut self) {
        let address = format!("tcp://127.0.0.1:{}", self.port);
        let mut command = Command::new(&self.program);
        command.arg("broker");
        command.args(["--listener-url", &address]);
        command.args(["--advertised-listener-url", &address]);
        command.args(["--storage-engine", "sqlite://tansu.db"]);
        self.process.spawn(&mut command);
        let port = self.port;
        let started = wait_until(START_LIMIT, || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        });
        if !started {
            self.process.fail("the broker does not start");
        }
    }
}
