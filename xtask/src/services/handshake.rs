//! The functions that the protocol handshakes share.
//!
//! The handshakes are written by hand because xtask is built before everything else. A
//! ping by `sqlx` and `redis` would add 60 s of processor time to a first build of 35 s.

use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use url::Url;

/// Maximum length of a handshake message. Longer ones belong to another protocol.
const MAX_LENGTH: usize = 16 * 1024;

/// Timeout of each network operation.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The reason for a failed probe when the other side speaks another protocol.
pub(super) const WRONG_PROTOCOL: &str = "the server has another protocol";

/// Connects to the server of `url`. Every operation has a timeout of 2 s.
///
/// # Errors
/// Returns an error if the URL has no host, or if no server listens there.
pub(super) fn connect(url: &Url, default_port: u16) -> Result<TcpStream> {
    let host = url.host_str().context("the URL has no host")?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port().unwrap_or(default_port);
    let address = (host, port)
        .to_socket_addrs()?
        .next()
        .context("the host has no address")?;
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// Reads exactly `length` bytes.
///
/// # Errors
/// Returns an error if the server sends fewer bytes within 2 s, or if `length` is longer
/// than any handshake message.
pub(super) fn read_bytes(stream: &mut TcpStream, length: usize) -> Result<Vec<u8>> {
    ensure!(length <= MAX_LENGTH, WRONG_PROTOCOL);
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).context(WRONG_PROTOCOL)?;
    Ok(bytes)
}
