use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use url::Url;

use super::handshake::{WRONG_PROTOCOL, connect, read_bytes};
use super::local_server::LocalServer;
use super::programs;
use crate::cargo::run;

/// Protocol version 3.0.
const VERSION: [u8; 4] = [0, 3, 0, 0];

/// The body of `AuthenticationOk`.
const LOGIN_ACCEPTED: [u8; 4] = [0; 4];

/// Logs in as the URL's user.
///
/// # Errors
/// Returns an error if the server is not PostgreSQL, rejects the user, or requires a
/// password and the URL holds none.
pub(super) fn probe(url: &Url) -> Result<()> {
    let mut stream = connect(url, 5432)?;
    stream.write_all(&startup_message(url)?)?;
    loop {
        match read_message(&mut stream)? {
            (b'R', body) if body == LOGIN_ACCEPTED => {}
            (b'R', _) if url.password().is_some() => return Ok(()),
            (b'R', _) => bail!("the server requires a password"),
            (b'E', body) => bail!("login rejected: {}", error_text(&body)),
            // ParameterStatus, BackendKeyData and NoticeResponse precede ReadyForQuery.
            (b'S' | b'K' | b'N', _) => {}
            (b'Z', _) => return Ok(()),
            _ => bail!(WRONG_PROTOCOL),
        }
    }
}

fn read_message(stream: &mut TcpStream) -> Result<(u8, Vec<u8>)> {
    let header = read_bytes(stream, 5)?;
    let [kind, a, b, c, d] = header[..] else {
        bail!(WRONG_PROTOCOL)
    };
    let length = u32::from_be_bytes([a, b, c, d]).saturating_sub(4);
    Ok((kind, read_bytes(stream, usize::try_from(length)?)?))
}

/// Returns the first message of a client.
fn startup_message(url: &Url) -> Result<Vec<u8>> {
    let user = match url.username() {
        "" => "postgres",
        name => name,
    };
    let database = Some(url.path().trim_start_matches('/')).filter(|name| !name.is_empty());
    let mut body = VERSION.to_vec();
    for word in ["user", user, "database", database.unwrap_or(user), ""] {
        body.extend_from_slice(word.as_bytes());
        body.push(0);
    }
    let mut message = u32::try_from(body.len() + 4)?.to_be_bytes().to_vec();
    message.append(&mut body);
    Ok(message)
}

/// Returns the text of an `ErrorResponse`: its field `M`.
fn error_text(body: &[u8]) -> String {
    let text = body
        .split(|byte| *byte == 0)
        .find_map(|field| field.strip_prefix(b"M"));
    String::from_utf8_lossy(text.unwrap_or(b"no reason given")).into_owned()
}

/// Creates a cluster that accepts all local users without a password, and starts it.
///
/// # Errors
/// Returns an error if PostgreSQL's programs are not installed or fail.
pub(super) fn start(server: &LocalServer) -> Result<()> {
    // The path may be a link. The other programs are in the folder of its target.
    let program = fs::canonicalize(programs::find("postgres")?)?;
    let initdb = program.with_file_name("initdb");
    let pg_ctl = program.with_file_name("pg_ctl");
    let data = server.data_folder("postgres")?;
    if !data.join("PG_VERSION").exists() {
        run(server
            .command_as("postgres", &initdb)
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--pgdata",
            ])
            .arg(&data)
            .stdout(Stdio::null()))?;
    }
    let options = format!(
        "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''",
        server.port
    );
    let log = data.join("server.log");
    run(server
        .command_as("postgres", &pg_ctl)
        .args(["start", "--wait", "--options", &options, "--pgdata"])
        .arg(&data)
        .arg("--log")
        .arg(&log)
        .stdout(Stdio::null()))
    .with_context(|| format!("PostgreSQL's log is {}", log.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_startup_message_names_user_and_database() {
        let url = Url::parse("postgres://ann@localhost/polls").unwrap();
        let expected = b"\0\0\0\x21\0\x03\0\0user\0ann\0database\0polls\0\0";
        assert_eq!(startup_message(&url).unwrap(), expected);
    }

    #[test]
    fn error_text_is_the_servers_message() {
        assert_eq!(
            error_text(b"SFATAL\0C28000\0Mno such role\0\0"),
            "no such role"
        );
        assert_eq!(error_text(b""), "no reason given");
    }
}
