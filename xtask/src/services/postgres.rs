use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use url::Url;

use super::greeting::{bytes, connect};
use super::own::Place;
use super::programs;
use crate::cargo::run;

/// Protocol version 3.0.
const VERSION: [u8; 4] = [0, 3, 0, 0];

/// Asks to log in as the URL's user.
///
/// # Errors
/// If it is no PostgreSQL, refuses, or asks for a password that the URL has not got.
pub(super) fn speaks(url: &Url) -> Result<()> {
    let mut stream = connect(url, 5432)?;
    stream.write_all(&startup(url)?)?;
    loop {
        match message(&mut stream)? {
            (b'R', body) if body == [0; 4] => {}
            (b'R', _) if url.password().is_some() => return Ok(()),
            (b'R', _) => bail!("it asks for a password"),
            (b'E', body) => bail!("it refuses: {}", refusal(&body)),
            // Parameters, a key to cancel with and notices, and then it is ready for queries.
            (b'S' | b'K' | b'N', _) => {}
            (b'Z', _) => return Ok(()),
            _ => bail!("it does not speak the protocol"),
        }
    }
}

fn message(stream: &mut TcpStream) -> Result<(u8, Vec<u8>)> {
    let head = bytes(stream, 5)?;
    let [kind, a, b, c, d] = head[..] else {
        bail!("it does not speak the protocol")
    };
    let length = u32::from_be_bytes([a, b, c, d]).saturating_sub(4);
    Ok((kind, bytes(stream, usize::try_from(length)?)?))
}

/// The first message of a client.
fn startup(url: &Url) -> Result<Vec<u8>> {
    let user = if url.username().is_empty() {
        "postgres"
    } else {
        url.username()
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

/// The text of an error message: its field `M`.
fn refusal(body: &[u8]) -> String {
    let text = body
        .split(|byte| *byte == 0)
        .find_map(|field| field.strip_prefix(b"M"));
    String::from_utf8_lossy(text.unwrap_or(b"without a word")).into_owned()
}

/// Makes a cluster that lets everybody on this machine in, and starts it.
///
/// # Errors
/// If PostgreSQL's programs are not there or fail.
pub(super) fn start(place: &Place) -> Result<()> {
    // Its other programs lie beside the server itself, wherever links to that lie.
    let server = fs::canonicalize(programs::find("postgres")?)?;
    let (initdb, control) = (
        server.with_file_name("initdb"),
        server.with_file_name("pg_ctl"),
    );
    let data = place.folder_of("postgres")?;
    if !data.join("PG_VERSION").exists() {
        run(place
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
        place.port
    );
    run(place
        .command_as("postgres", &control)
        .args(["start", "--wait", "--options", &options, "--pgdata"])
        .arg(&data)
        .arg("--log")
        .arg(data.join("server.log"))
        .stdout(Stdio::null()))
    .with_context(|| format!("its log is in {}", data.join("server.log").display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_message_names_user_and_database() {
        let url = Url::parse("postgres://ann@localhost/polls").unwrap();
        let expected = b"\0\0\0\x21\0\x03\0\0user\0ann\0database\0polls\0\0";
        assert_eq!(startup(&url).unwrap(), expected);
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        assert_eq!(
            refusal(b"SFATAL\0C28000\0Mno such role\0\0"),
            "no such role"
        );
        assert_eq!(refusal(b""), "without a word");
    }
}
