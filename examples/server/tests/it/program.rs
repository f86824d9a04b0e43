use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes; only so that a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server on a free port, without limits.
pub(crate) const SERVE: [&str; 7] = [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--vote-rate",
    "off",
    "--session-rate",
    "off",
];

/// The binary, to run in a directory, without what whoever runs the tests has set for themselves.
pub(crate) fn votify(directory: &Path, arguments: &[&str]) -> Command {
    prepared(
        Command::new(env!("CARGO_BIN_EXE_votify")),
        directory,
        arguments,
    )
}

/// The binary, started by a shell that first does `before`.
pub(crate) fn votify_after(before: &str, directory: &Path, arguments: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        &format!("{before}; exec \"$0\" \"$@\""),
        env!("CARGO_BIN_EXE_votify"),
    ]);
    prepared(shell, directory, arguments)
}

pub(crate) fn prepared(mut command: Command, directory: &Path, arguments: &[&str]) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("VOTIFY_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ended {
    pub(crate) fn code(&self) -> i32 {
        self.status
            .code()
            .unwrap_or_else(|| panic!("killed: {self:?}"))
    }

    /// The one line that a failure is told in; the exit code must be this one.
    pub(crate) fn failure(&self, code: i32) -> &str {
        assert_eq!(self.code(), code, "{self:?}");
        let told: Vec<&str> = self
            .errors
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert_eq!(told.len(), 1, "{self:?}");
        for word in ["panicked", "backtrace", "RUST_BACKTRACE"] {
            assert!(!self.errors.contains(word), "{self:?}");
        }
        told[0]
    }
}

/// Runs a command that ends by itself.
pub(crate) async fn run(command: &mut Command) -> Ended {
    let output = timeout(PATIENCE, command.output())
        .await
        .expect("the program does not end")
        .unwrap();
    Ended {
        status: output.status,
        output: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What the instances of a fleet have in common.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Runs the binary with a secret to its end.
pub(crate) async fn ended(directory: &Path, arguments: &[&str]) -> Ended {
    let mut command = votify(directory, arguments);
    command.env("VOTIFY_SECRET", SECRET);
    run(&mut command).await
}

/// Starts one of several servers, without limits.
pub(crate) async fn start(directory: &Path, arguments: &[&str]) -> Server {
    let mut all = SERVE.to_vec();
    all.extend(arguments);
    start_with(directory, &all, &[]).await
}

/// Starts one of several servers with these arguments and variables.
pub(crate) async fn start_with(
    directory: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Server {
    let mut command = votify(directory, arguments);
    command.env("VOTIFY_SECRET", SECRET);
    command.envs(variables.iter().copied());
    Server::spawn(command).await
}

/// A server that is ready.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    errors: JoinHandle<String>,
    url: String,
}

impl Server {
    /// Starts one on a free port, without limits, and waits until it says that it is ready.
    pub(crate) async fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut all = SERVE.to_vec();
        all.extend(arguments);
        Self::spawn(votify(directory, &all)).await
    }

    pub(crate) async fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stderr = child.stderr.take().unwrap();
        let errors = tokio::spawn(async move {
            let mut text = String::new();
            stderr.read_to_string(&mut text).await.unwrap();
            text
        });
        let first = timeout(PATIENCE, output.next_line())
            .await
            .expect("the server does not get ready")
            .unwrap();
        let url = first
            .as_deref()
            .and_then(|line| line.strip_prefix("listening on "));
        let Some(url) = url.map(str::to_owned) else {
            panic!(
                "{first:?}, {:?}, {}",
                child.wait().await,
                errors.await.unwrap()
            );
        };
        assert!(url.starts_with("http://"), "{url}");
        Self {
            child,
            output,
            errors,
            url,
        }
    }

    /// `http://127.0.0.1:PORT` and the path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap()).unwrap()
    }

    pub(crate) fn send(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) async fn end(mut self) -> Ended {
        let status = timeout(PATIENCE, self.child.wait())
            .await
            .expect("the server does not end")
            .unwrap();
        let mut output = String::new();
        while let Some(line) = self.output.next_line().await.unwrap() {
            output.push_str(&line);
            output.push('\n');
        }
        Ended {
            status,
            output,
            errors: self.errors.await.unwrap(),
        }
    }

    /// Ends it as an operator does; it must end well.
    pub(crate) async fn stop(self) {
        self.send(Signal::TERM);
        let ended = self.end().await;
        assert_eq!(ended.code(), 0, "{ended:?}");
    }
}
