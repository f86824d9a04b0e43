//! Scripts that open pages in headless Chromium.
//!
//! The scripts and their npm packages are in `examples/server/tests/browser`. A script ends
//! with an error if its page does not do what it should. The modules of the tests that run
//! scripts are called `browser`, so that nextest limits how many of them run at once.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// More than the time after which a script ends itself.
const TIMEOUT: Duration = Duration::from_secs(170);

/// A running script.
///
/// A script may send commands, one per line of its standard output: it asks the test to
/// do something with the server. The test responds to each.
#[derive(Debug)]
pub struct Script {
    name: String,
    child: Child,
    commands: Lines<BufReader<ChildStdout>>,
    responses: ChildStdin,
    messages: JoinHandle<String>,
}

/// Runs a script that sends no commands. The script's arguments are usually URLs.
///
/// # Panics
/// Panics with the script's messages if the script fails.
pub async fn run(name: &str, arguments: &[&str]) {
    let mut script = Script::start(name, arguments);
    let command = script.next_command().await;
    assert_eq!(command, None, "{name} sends a command");
    script.finish().await;
}

impl Script {
    /// Starts the script `examples/server/tests/browser/{name}.mjs`.
    ///
    /// # Panics
    /// Panics if Node.js or the npm packages of the scripts are not installed.
    #[must_use]
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        let folder = folder();
        assert!(
            folder.join("node_modules").is_dir(),
            "the npm packages of the browser tests are not installed: run `cargo xtask test browser`, \
             or install Node.js 20 and Chromium and run `npm ci` in {}",
            folder.display()
        );
        let mut command = Command::new("node");
        command
            .arg(folder.join(format!("{name}.mjs")))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start node; install Node.js 20: {error}"));
        let mut stderr = child.stderr.take().unwrap();
        let messages = tokio::spawn(async move {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).await.unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self {
            name: name.to_owned(),
            commands: BufReader::new(child.stdout.take().unwrap()).lines(),
            responses: child.stdin.take().unwrap(),
            child,
            messages,
        }
    }

    /// Returns the next command, or `None` once the script has ended.
    ///
    /// # Panics
    /// Panics if the script neither sends a command nor ends within 170 s.
    pub async fn next_command(&mut self) -> Option<String> {
        let next = timeout(TIMEOUT, self.commands.next_line());
        let next = next
            .await
            .unwrap_or_else(|_| panic!("{} does not end", self.name));
        next.unwrap()
    }

    /// Reports to the script that its command was executed, with a line of text.
    ///
    /// # Panics
    /// Panics if the script has ended.
    pub async fn respond(&mut self, text: &str) {
        let line = format!("{text}\n");
        self.responses.write_all(line.as_bytes()).await.unwrap();
    }

    /// Waits for the end of the script.
    ///
    /// # Panics
    /// Panics with the script's messages if the script fails.
    pub async fn finish(mut self) {
        let status = timeout(TIMEOUT, self.child.wait());
        let status = status
            .await
            .unwrap_or_else(|_| panic!("{} does not end", self.name))
            .unwrap();
        let messages = self.messages.await.unwrap();
        assert!(status.success(), "{}: {status}\n{messages}", self.name);
        // Figures that the script measured.
        eprint!("{messages}");
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/server/tests/browser")
}
