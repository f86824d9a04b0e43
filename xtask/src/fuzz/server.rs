use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

/// What the server prints once it is ready, before its address.
const READY: &str = "listening on http://";
const PATIENCE: Duration = Duration::from_secs(30);

/// A server in memory that limits nobody, ended with this.
#[derive(Debug)]
pub(super) struct Server {
    process: RefCell<Child>,
    address: String,
}

/// A poll, and the session of its owner.
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
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let output = process.stdout.take().context("its output is piped")?;
        let process = RefCell::new(process);
        let mut first = String::new();
        BufReader::new(output).read_line(&mut first)?;
        let address = first.trim().strip_prefix(READY);
        let address = address.context("the server did not start")?.to_owned();
        Ok(Self { process, address })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn is_running(&self) -> Result<bool> {
        Ok(self.process.borrow_mut().try_wait()?.is_none())
    }

    /// A poll by invite, so that codes can be made for it.
    pub(super) fn make_poll(&self) -> Result<Poll> {
        let body = r#"{"title": "Lunch?", "options": ["Pizza", "Sushi"], "voters": "invite", "revote": true}"#;
        let mut connection = TcpStream::connect(&self.address)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        write!(
            connection,
            "POST /api/polls HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        let header = |name: &str| {
            let mut lines = answer.lines();
            let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            let missing = || format!("no {name} in the answer to a new poll:\n{answer}");
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
