use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use url::Url;

/// No greeting is longer.
const LONGEST: usize = 16 * 1024;

/// A connection to the server of `url`, which may be silent for two seconds at most.
///
/// # Errors
/// If nothing listens there.
pub(super) fn connect(url: &Url, usual_port: u16) -> Result<TcpStream> {
    let patience = Duration::from_secs(2);
    let host = url.host_str().context("the URL names no host")?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port().unwrap_or(usual_port);
    let address = (host, port)
        .to_socket_addrs()?
        .next()
        .context("the host has no address")?;
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// The next `length` bytes.
///
/// # Errors
/// If they do not come, or are more than any greeting has.
pub(super) fn bytes(stream: &mut TcpStream, length: usize) -> Result<Vec<u8>> {
    ensure!(length <= LONGEST, "this is no greeting of such a server");
    let mut bytes = vec![0; length];
    stream
        .read_exact(&mut bytes)
        .context("it does not speak the protocol")?;
    Ok(bytes)
}
