use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

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

/// A poll, and the cookies that prove its owner.
#[derive(Debug)]
pub(super) struct Owner {
    /// The id of the poll.
    pub(super) poll: String,
    pub(super) join_code: String,
    /// An invite code that is not used yet.
    pub(super) invite: String,
    pub(super) cookies: String,
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

    /// Registers an account, and creates a poll for invited voters, so that the operations of
    /// accounts and of invites can be tested.
    pub(super) fn create_poll(&self) -> Result<Owner> {
        // Not the account of the document's examples: they would change its password.
        let account = r#"{"name": "owner", "password": "a password of the owner"}"#;
        let registered = self.post("/api/auth/register", "", account)?;
        let login = registered.cookie()?;
        let poll = r#"{"title": "Lunch?", "options": ["Pizza", "Sushi"],
                       "voters": "invite", "revote": true}"#;
        let created = self.post("/api/polls", login, poll)?;
        let created = created.json()?;
        let id = text(&created["id"])?;
        let path = format!("/api/polls/{id}/invites");
        let invites = self.post(&path, login, r#"{"count": 1}"#)?.json()?;
        Ok(Owner {
            poll: id,
            join_code: text(&created["join_code"])?,
            invite: text(&invites["invites"][0]["code"])?,
            cookies: login.to_owned(),
        })
    }

    fn post(&self, path: &str, cookies: &str, body: &str) -> Result<Response> {
        let mut connection = TcpStream::connect(&self.address)?;
        connection.set_read_timeout(Some(TIMEOUT))?;
        write!(
            connection,
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nCookie: {cookies}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        let mut response = String::new();
        connection.read_to_string(&mut response)?;
        Ok(Response(response))
    }
}

/// The text of an HTTP response.
struct Response(String);

impl Response {
    /// Returns the first cookie that the response sets, without its attributes.
    fn cookie(&self) -> Result<&str> {
        let mut lines = self.0.lines();
        let line = lines.find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = line.and_then(|line| line.split(';').next());
        cookie.with_context(|| format!("no cookie in a response:\n{}", self.0))
    }

    fn json(&self) -> Result<Value> {
        let parts = self.0.split_once("\r\n\r\n");
        let (_, body) = parts.with_context(|| format!("incomplete response:\n{}", self.0))?;
        serde_json::from_str(body).with_context(|| format!("no JSON in a response:\n{}", self.0))
    }
}

fn text(value: &Value) -> Result<String> {
    let text = value.as_str().map(str::to_owned);
    text.context("a field of a response is missing or no text")
}

impl Drop for Server {
    fn drop(&mut self) {
        let process = self.process.get_mut();
        let _ = process.kill();
        let _ = process.wait();
    }
}
