use std::io::Write;

use anyhow::{Result, bail};
use url::Url;

use super::greeting::{bytes, connect};
use super::own::Place;
use super::programs;

/// Pings it.
///
/// # Errors
/// If it is no Redis, or asks for a password that the URL has not got.
pub(super) fn speaks(url: &Url) -> Result<()> {
    let mut stream = connect(url, 6379)?;
    stream.write_all(b"PING\r\n")?;
    // "+PONG\r\n", or "-NOAUTH Authentication required."
    match bytes(&mut stream, 7)?.as_slice() {
        b"+PONG\r\n" => Ok(()),
        b"-NOAUTH" if url.password().is_some() => Ok(()),
        b"-NOAUTH" => bail!("it asks for a password"),
        _ => bail!("it does not speak the protocol"),
    }
}

/// Starts a server that keeps what it was told.
///
/// # Errors
/// If the program is not there or fails.
pub(super) fn start(place: &Place) -> Result<()> {
    let server = programs::find("redis-server")?;
    let data = place.folder_of("redis")?;
    let mut command = place.command_as("redis", &server);
    command
        .args([
            "--bind",
            "127.0.0.1",
            "--appendonly",
            "yes",
            "--port",
            &place.port.to_string(),
        ])
        .arg("--dir")
        .arg(&data)
        .arg("--pidfile")
        .arg(data.join("server.pid"))
        .arg("--logfile")
        .arg(data.join("server.log"));
    place.detach(&mut command)
}
