use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::cargo::{output, root, run};

/// The compose file with every service.
#[cfg(test)]
pub(super) const FILE: &str = include_str!("../../compose.yaml");

/// Starts the service of this name and waits until it is healthy.
///
/// # Errors
/// If there is no Docker Compose, its engine is not running, or the service does not become healthy.
pub(super) fn start(service: &str) -> Result<()> {
    answers()?;
    let mut up = compose();
    // What it says goes where messages go: standard output is for URLs.
    up.args(["up", "--detach", "--wait", service])
        .stdout(Stdio::null());
    run(&mut up)
}

/// Removes the service of this name; tells whether there was one.
///
/// # Errors
/// If it cannot be removed.
pub(super) fn stop(service: &str) -> Result<bool> {
    if answers().is_err()
        || output(compose().args(["ps", "--quiet", service]))?
            .trim()
            .is_empty()
    {
        return Ok(false);
    }
    let mut remove = compose();
    remove
        .args(["rm", "--stop", "--force", "--volumes", service])
        .stdout(Stdio::null());
    run(&mut remove).map(|()| true)
}

/// Whether there is an engine to ask.
fn answers() -> Result<()> {
    let version = compose()
        .arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ensure!(
        version.is_ok_and(|status| status.success()),
        "`docker compose` is not installed"
    );
    let engine = Command::new("docker")
        .arg("info")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    ensure!(engine.success(), "the Docker engine does not answer");
    Ok(())
}

fn compose() -> Command {
    let mut command = Command::new("docker");
    command
        .arg("compose")
        .arg("--file")
        .arg(root().join("xtask/compose.yaml"));
    command
}
