use std::io::Write;

use anyhow::{Result, bail};
use url::Url;

use super::handshake::{WRONG_PROTOCOL, connect, read_bytes};
use super::local_server::LocalServer;
use super::programs;

/// Sends `PING`.
///
/// # Errors
/// Returns an error if the server is not Redis, or if it requires a password and the URL
/// holds none.
pub(super) fn probe(url: &Url) -> Result<()> {
    let mut stream = connect(url, 6379)?;
    stream.write_all(b"PING\r\n")?;
    // "+PONG\r\n", or "-NOAUTH Authentication required."
    match read_bytes(&mut stream, 7)?.as_slice() {
        b"+PONG\r\n" => Ok(()),
        b"-NOAUTH" if url.password().is_some() => Ok(()),
        b"-NOAUTH" => bail!("the server requires a password"),
        _ => bail!(WRONG_PROTOCOL),
    }
}

/// Starts a durable Redis server.
///
/// # Errors
/// Returns an error if the program is not installed or cannot be started.
pub(super) fn start(server: &LocalServer) -> Result<()> {
    let program = programs::find("redis-server")?;
    let data = server.data_folder("redis")?;
    let mut command = server.command_as("redis", &program);
    command
        .args([
            "--bind",
            "127.0.0.1",
            "--appendonly",
            "yes",
            "--port",
            &server.port.to_string(),
        ])
        .arg("--dir")
        .arg(&data)
        .arg("--pidfile")
        .arg(data.join("server.pid"))
        .arg("--logfile")
        .arg(data.join("server.log"));
    server.spawn_detached(&mut command)
}
