use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

/// The server prints this before its address when it is ready.
const READY_PREFIX: &str = "listening on http://";
const TIMEOUT: Duration = Duration::from_secs(30);

/// A server with a memory store and without rate limits. Dropping this value stops the
/// server.
#[derive(Debug)]
pub(super) struct Server {
    process: RefCell<Child>,
    address: String,
}

/// A poll and its owner's session cookie.
#[derive(Debug)]
pub(super) struct Poll {
    pub(super) id: String,
    pub(super) cookie: String,
}

impl Server {
    pub(super) fn start(program: &Path) -> Result<Self> {
        let mut process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--store", "memory:"])
            .args(["--limits", "off", "--streams-per-address", "off"])
            .args(["--session-polls", "off"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let output = process.stdout.take().context("stdout is piped")?;
        let process = RefCell::new(process);
        let mut first_line = String::new();
        BufReader::new(output).read_line(&mut first_line)?;
        let address = first_line.trim().strip_prefix(READY_PREFIX);
        let address = address.context("the server did not start")?.to_owned();
        Ok(Self { process, address })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn is_running(&self) -> Result<bool> {
        Ok(self.process.borrow_mut().try_wait()?.is_none())
    }

    /// Creates a poll for invited voters, so that the invite operations can be tested.
    pub(super) fn create_poll(&self) -> Result<Poll> {
        let body = r#"{"title": "Lunch?", "options": ["Pizza", "Sushi"],
                       "voters": "invite", "revote": true}"#;
        let mut connection = TcpStream::connect(&self.address)?;
        connection.set_read_timeout(Some(TIMEOUT))?;
        write!(
            connection,
            "POST /api/polls HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        let mut response = String::new();
        connection.read_to_string(&mut response)?;
        let header = |name: &str| {
            let mut lines = response.lines();
            let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            let missing = || format!("no {name} header in the response to a new poll:\n{response}");
            line.with_context(missing)
        };
        let id = header("location")?.rsplit('/').next().unwrap_or_default();
        let cookie = header("set-cookie")?.split(';').next().unwrap_or_default();
        Ok(Poll {
            id: id.to_owned(),
            cookie: cookie.to_owned(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let process = self.process.get_mut();
        let _ = process.kill();
        let _ = process.wait();
    }
}
