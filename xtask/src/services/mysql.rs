use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;

use anyhow::{Result, bail, ensure};
use url::Url;

use super::greeting::{bytes, connect};
use super::own::Place;
use super::programs;
use crate::cargo::run;

/// The client is of protocol 4.1, and names its way to log in: `PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH`.
const CAPABILITIES: u32 = 0x0000_0200 | 0x0000_8000 | 0x0008_0000;
/// Character set `utf8mb4`.
const UTF8: u8 = 45;

/// Reads the server's greeting, and logs in with an empty password if the URL holds none.
///
/// # Errors
/// If it is no MySQL or MariaDB, refuses, or asks for a password that the URL has not got.
pub(super) fn speaks(url: &Url) -> Result<()> {
    let mut stream = connect(url, 3306)?;
    let (_, greeting) = packet(&mut stream)?;
    match greeting.first() {
        Some(10) => {}
        Some(0xff) => bail!("it refuses: {}", refusal(&greeting)),
        _ => bail!("it does not speak the protocol"),
    }
    if url.password().is_some() {
        return Ok(());
    }
    send(&mut stream, 1, &login(url.username()))?;
    let (sequence, mut answer) = packet(&mut stream)?;
    if answer.first() == Some(&0xfe) {
        // It wants another way to log in; an empty password is empty in every one.
        send(&mut stream, sequence.wrapping_add(1), &[])?;
        (_, answer) = packet(&mut stream)?;
    }
    ensure!(
        answer.first() == Some(&0),
        "it refuses: {}",
        refusal(&answer)
    );
    Ok(())
}

/// A login without a password.
fn login(user: &str) -> Vec<u8> {
    let mut body = CAPABILITIES.to_le_bytes().to_vec();
    body.extend_from_slice(&(1_u32 << 24).to_le_bytes());
    body.push(UTF8);
    body.extend_from_slice(&[0; 23]);
    body.extend_from_slice(user.as_bytes());
    body.extend_from_slice(b"\0\0mysql_native_password\0");
    body
}

fn packet(stream: &mut TcpStream) -> Result<(u8, Vec<u8>)> {
    let head = bytes(stream, 4)?;
    let [a, b, c, sequence] = head[..] else {
        bail!("it does not speak the protocol")
    };
    let length = usize::try_from(u32::from_le_bytes([a, b, c, 0]))?;
    Ok((sequence, bytes(stream, length)?))
}

fn send(stream: &mut TcpStream, sequence: u8, body: &[u8]) -> Result<()> {
    let [a, b, c, _] = u32::try_from(body.len())?.to_le_bytes();
    stream.write_all(&[&[a, b, c, sequence], body].concat())?;
    Ok(())
}

/// The text of an error packet: behind its mark and code.
fn refusal(packet: &[u8]) -> String {
    String::from_utf8_lossy(packet.get(3..).unwrap_or_default()).into_owned()
}

/// Makes a data folder whose root has no password, and starts MariaDB on it.
///
/// # Errors
/// If MariaDB's programs are not there or fail.
pub(super) fn start(place: &Place) -> Result<()> {
    let server = programs::find("mariadbd")?;
    let install = programs::find("mariadb-install-db")?;
    let data = place.folder_of("mysql")?;
    let folder = format!("--datadir={}", data.display());
    if !data.join("mysql").exists() {
        run(place
            .command_as("mysql", &install)
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ])
            .arg(&folder)
            .stdout(Stdio::null()))?;
    }
    let mut command = place.command_as("mysql", &server);
    command
        .args(["--no-defaults", "--bind-address=127.0.0.1"])
        .arg(&folder)
        // At its start a server clears up the temporary files of all who share their folder with it.
        .arg(format!("--tmpdir={}", data.display()))
        .arg(format!("--port={}", place.port))
        .arg(format!("--socket={}", data.join("socket").display()))
        .arg(format!("--pid-file={}", data.join("server.pid").display()))
        .arg(format!("--log-error={}", data.join("server.log").display()));
    place.detach(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        assert_eq!(
            refusal(b"\xff\x15\x04#28000Access denied"),
            "#28000Access denied"
        );
        assert_eq!(refusal(b"\xff"), "");
    }

    #[test]
    fn a_login_holds_the_user_and_no_password() {
        assert!(login("root").ends_with(b"\0root\0\0mysql_native_password\0"));
    }
}
