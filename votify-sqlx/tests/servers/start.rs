use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{Connection, Kind, mysql, postgres};

/// A server that was killed goes through its log before it answers.
const LIMIT: Duration = Duration::from_secs(60);

/// A port where nobody listens now, and where no outgoing connection starts from: those have ports from 32768 on.
pub(super) fn free_port() -> u16 {
    let mut ports = (0..1000).map(|_| fastrand::u16(10_000..30_000));
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    ports.find(is_free).expect("no port is free")
}

/// Starts the server in its data folder. What it says goes to its log.
pub(super) fn spawn(command: &mut Command, data: &Path, log: &Path) -> Child {
    let log = File::options().create(true).append(true).open(log).unwrap();
    command
        .current_dir(data)
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .process_group(0)
        .spawn()
        .unwrap()
}

/// Waits until it answers.
///
/// # Errors
/// If it ends before, or does not answer in time.
pub(super) async fn ready(
    kind: Kind,
    url: &str,
    data: &Path,
    child: &mut Child,
) -> Result<(), String> {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Err(format!("it ended with {status}"));
        }
        let error = match folder_behind(kind, url).await {
            // Another server may listen there if this one could not.
            Ok(folder) if Path::new(&folder) == data => return Ok(()),
            Ok(folder) => format!("the server of {folder} answers"),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= end {
            return Err(format!("it is not ready: {error}"));
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// The data folder of the server that answers there.
async fn folder_behind(kind: Kind, url: &str) -> Result<String, sqlx::Error> {
    let query = match kind {
        Kind::Postgres => postgres::DATA_FOLDER,
        Kind::MySql => mysql::DATA_FOLDER,
    };
    let mut connection = Connection::open(kind, url).await?;
    let folders = connection.texts(query).await?;
    connection.close().await?;
    Ok(folders.concat())
}

/// The log's end, for messages.
pub(super) fn tail(log: &Path) -> String {
    let log = fs::read(log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<_> = log.lines().collect();
    let start = lines.len().saturating_sub(40);
    lines.get(start..).unwrap_or_default().join("\n")
}
