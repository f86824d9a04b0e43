use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Upper bound of every wait, so that a hanging test fails.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Arguments for a server on a free port, without rate limits.
pub(crate) const SERVE: [&str; 17] = [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--vote-rate",
    "off",
    "--session-rate",
    "off",
    "--poll-rate",
    "off",
    "--poll-bytes-rate",
    "off",
    "--owner-poll-rate",
    "off",
    "--invite-rate",
    "off",
    "--owner-invite-rate",
    "off",
];

/// Returns the binary as a command in a directory, without the Votify variables of the
/// environment.
pub(crate) fn votify(directory: &Path, arguments: &[&str]) -> Command {
    prepared(
        Command::new(env!("CARGO_BIN_EXE_votify")),
        directory,
        arguments,
    )
}

/// Returns the binary as a command that runs `before` in a shell first.
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

/// Exit status and output of a program.
#[derive(Debug)]
pub(crate) struct ProgramExit {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl ProgramExit {
    pub(crate) fn code(&self) -> i32 {
        self.status
            .code()
            .unwrap_or_else(|| panic!("killed: {self:?}"))
    }

    /// Returns the only error line. Asserts the exit code.
    pub(crate) fn error_line(&self, code: i32) -> &str {
        assert_eq!(self.code(), code, "{self:?}");
        let lines: Vec<&str> = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert_eq!(lines.len(), 1, "{self:?}");
        for word in ["panicked", "backtrace", "RUST_BACKTRACE"] {
            assert!(!self.stderr.contains(word), "{self:?}");
        }
        lines[0]
    }
}

/// Runs a command to its end.
pub(crate) async fn run(command: &mut Command) -> ProgramExit {
    let output = timeout(TIMEOUT, command.output())
        .await
        .expect("the program does not end")
        .unwrap();
    ProgramExit {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The secret that all instances of a fleet share.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Runs the binary with a secret to its end.
pub(crate) async fn run_with_secret(directory: &Path, arguments: &[&str]) -> ProgramExit {
    let mut command = votify(directory, arguments);
    command.env("VOTIFY_SECRET", SECRET);
    run(&mut command).await
}

/// Starts one of several instances, without rate limits.
pub(crate) async fn start(directory: &Path, arguments: &[&str]) -> Server {
    let mut all = SERVE.to_vec();
    all.extend(arguments);
    start_with(directory, &all, &[]).await
}

/// Starts one of several instances with the given arguments and variables.
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

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    errors: JoinHandle<String>,
    url: String,
}

impl Server {
    /// Starts a server on a free port without rate limits, and waits until it is ready.
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
        let first = timeout(TIMEOUT, output.next_line())
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

    /// Returns `http://127.0.0.1:PORT` followed by the path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap()).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until the program ends.
    pub(crate) async fn wait(mut self) -> ProgramExit {
        let status = timeout(TIMEOUT, self.child.wait())
            .await
            .expect("the server does not end")
            .unwrap();
        let mut output = String::new();
        while let Some(line) = self.output.next_line().await.unwrap() {
            output.push_str(&line);
            output.push('\n');
        }
        ProgramExit {
            status,
            stdout: output,
            stderr: self.errors.await.unwrap(),
        }
    }

    /// Sends SIGTERM and asserts the exit code 0.
    pub(crate) async fn stop(self) {
        self.signal(Signal::TERM);
        let exit = self.wait().await;
        assert_eq!(exit.code(), 0, "{exit:?}");
    }
}
