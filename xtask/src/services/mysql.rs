use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;

use anyhow::{Result, bail, ensure};
use url::Url;

use super::handshake::{WRONG_PROTOCOL, connect, read_bytes};
use super::local_server::LocalServer;
use super::programs;
use crate::cargo::run;

/// `PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH`: protocol 4.1 with a named login
/// method.
const CAPABILITIES: u32 = 0x0000_0200 | 0x0000_8000 | 0x0008_0000;
/// The id of `utf8mb4_general_ci`.
const UTF8MB4: u8 = 45;
/// Maximum packet length of the client: 16 MiB.
const MAX_PACKET: u32 = 1 << 24;

/// First bytes of the server's packets.
const PROTOCOL_10: u8 = 10;
const OK: u8 = 0;
const AUTH_SWITCH: u8 = 0xfe;
const ERROR: u8 = 0xff;

/// Reads the server's greeting, and logs in without a password if the URL holds none.
///
/// # Errors
/// Returns an error if the server is neither MySQL nor MariaDB, rejects the user, or
/// requires a password and the URL holds none.
pub(super) fn probe(url: &Url) -> Result<()> {
    let mut stream = connect(url, 3306)?;
    let (_, greeting) = read_packet(&mut stream)?;
    match greeting.first() {
        Some(&PROTOCOL_10) => {}
        Some(&ERROR) => bail!("connection rejected: {}", error_text(&greeting)),
        _ => bail!(WRONG_PROTOCOL),
    }
    if url.password().is_some() {
        return Ok(());
    }
    write_packet(&mut stream, 1, &login(url.username()))?;
    let (sequence, mut reply) = read_packet(&mut stream)?;
    if reply.first() == Some(&AUTH_SWITCH) {
        // The server requires another login method. In all of them, an empty password is
        // empty.
        write_packet(&mut stream, sequence.wrapping_add(1), &[])?;
        (_, reply) = read_packet(&mut stream)?;
    }
    ensure!(
        reply.first() == Some(&OK),
        "login rejected: {}",
        error_text(&reply)
    );
    Ok(())
}

/// Returns the login packet for a user without a password.
fn login(user: &str) -> Vec<u8> {
    let mut body = CAPABILITIES.to_le_bytes().to_vec();
    body.extend_from_slice(&MAX_PACKET.to_le_bytes());
    body.push(UTF8MB4);
    body.extend_from_slice(&[0; 23]);
    body.extend_from_slice(user.as_bytes());
    body.extend_from_slice(b"\0\0mysql_native_password\0");
    body
}

fn read_packet(stream: &mut TcpStream) -> Result<(u8, Vec<u8>)> {
    let header = read_bytes(stream, 4)?;
    let [a, b, c, sequence] = header[..] else {
        bail!(WRONG_PROTOCOL)
    };
    let length = usize::try_from(u32::from_le_bytes([a, b, c, 0]))?;
    Ok((sequence, read_bytes(stream, length)?))
}

fn write_packet(stream: &mut TcpStream, sequence: u8, body: &[u8]) -> Result<()> {
    let [a, b, c, _] = u32::try_from(body.len())?.to_le_bytes();
    stream.write_all(&[&[a, b, c, sequence], body].concat())?;
    Ok(())
}

/// Returns the text of an error packet, which follows the packet's type and a two-byte
/// code.
fn error_text(packet: &[u8]) -> String {
    String::from_utf8_lossy(packet.get(3..).unwrap_or_default()).into_owned()
}

/// Creates a data folder whose root user has no password, and starts MariaDB on it.
///
/// # Errors
/// Returns an error if MariaDB's programs are not installed or fail.
pub(super) fn start(server: &LocalServer) -> Result<()> {
    let program = programs::find("mariadbd")?;
    let installer = programs::find("mariadb-install-db")?;
    let data = server.data_folder("mysql")?;
    let data_argument = format!("--datadir={}", data.display());
    if !data.join("mysql").exists() {
        run(server
            .command_as("mysql", &installer)
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ])
            .arg(&data_argument)
            .stdout(Stdio::null()))?;
    }
    let mut command = server.command_as("mysql", &program);
    command
        .args(["--no-defaults", "--bind-address=127.0.0.1"])
        .arg(&data_argument)
        // A starting server deletes the temporary files of all servers that use its
        // `tmpdir`.
        .arg(format!("--tmpdir={}", data.display()))
        .arg(format!("--port={}", server.port))
        .arg(format!("--socket={}", data.join("socket").display()))
        .arg(format!("--pid-file={}", data.join("server.pid").display()))
        .arg(format!("--log-error={}", data.join("server.log").display()));
    server.spawn_detached(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_text_is_the_servers_message() {
        assert_eq!(
            error_text(b"\xff\x15\x04#28000Access denied"),
            "#28000Access denied"
        );
        assert_eq!(error_text(b"\xff"), "");
    }

    #[test]
    fn a_login_holds_the_user_and_no_password() {
        assert!(login("root").ends_with(b"\0root\0\0mysql_native_password\0"));
    }
}
