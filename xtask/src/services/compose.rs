use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::cargo::{output, root, run};

/// The compose file with all services.
#[cfg(test)]
pub(super) const FILE: &str = include_str!("../../compose.yaml");

/// Starts a service and waits until it is healthy.
///
/// # Errors
/// Returns an error if Docker Compose is not installed, the Docker engine is not running,
/// or the service does not become healthy.
pub(super) fn start(service: &str) -> Result<()> {
    check_available()?;
    let mut up = compose();
    // Standard output is reserved for URLs.
    up.args(["up", "--detach", "--wait", service])
        .stdout(Stdio::null());
    run(&mut up)
}

/// Stops and removes a service. Returns false if the service was not running.
///
/// # Errors
/// Returns an error if Docker Compose cannot list or remove the service.
pub(super) fn stop(service: &str) -> Result<bool> {
    if check_available().is_err()
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

fn check_available() -> Result<()> {
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
    ensure!(engine.success(), "the Docker engine is not running");
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
