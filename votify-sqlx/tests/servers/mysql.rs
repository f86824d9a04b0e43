use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::Error;

use super::Connection;
use super::programs::{Programs, run};

/// Small, so that it starts fast. All that makes it durable is the server's default.
const SETTINGS: &[&str] = &[
    "--no-defaults",
    "--bind-address=127.0.0.1",
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=16M",
];

/// Makes an empty data folder whose root has no password.
pub(super) fn make(programs: &Programs, data: &Path) {
    let mut command = programs.command(&programs.make);
    command.args(["--no-defaults", "--auth-root-authentication-method=normal"]);
    command.arg("--skip-test-db");
    own_scratch(&mut command, data);
    run(command.arg(format!("--datadir={}", data.display())));
}

/// A server that starts removes the temporary tables of others from the folder that they would share.
fn own_scratch(command: &mut Command, data: &Path) {
    command.env("TMPDIR", data.parent().unwrap_or(data));
}

/// The server, in the foreground. Of settings given twice the later one counts.
pub(super) fn serve(programs: &Programs, data: &Path, port: u16, settings: &[String]) -> Command {
    let mut command = programs.command(&programs.server);
    own_scratch(&mut command, data);
    command
        .args(SETTINGS)
        .arg(format!("--datadir={}", data.display()))
        // At its start a server clears up the temporary files of all who share their folder with it.
        .arg(format!("--tmpdir={}", data.display()))
        .arg(format!("--port={port}"))
        .arg(format!("--socket={}", data.join("socket").display()))
        .arg(format!("--pid-file={}", id_file(data).display()))
        .args(settings);
    command
}

/// Where the server writes its process id.
pub(super) fn id_file(data: &Path) -> PathBuf {
    data.join("server.pid")
}

pub(super) const DATA_FOLDER: &str = "SELECT @@datadir";

pub(super) async fn clients(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let query = "SELECT CAST(id AS CHAR) FROM information_schema.processlist \
                 WHERE command <> 'Daemon' AND id <> connection_id()";
    connection.texts(query).await
}

/// The databases of tests.
pub(super) async fn names(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let query = "SHOW DATABASES LIKE 'votify\\_test\\_%'";
    connection.texts(query).await
}

pub(super) async fn remove(connection: &mut Connection, database: &str) -> Result<(), Error> {
    let users = format!(
        "SELECT CAST(id AS CHAR) FROM information_schema.processlist \
         WHERE db = '{database}' AND id <> connection_id()"
    );
    for id in connection.texts(users).await? {
        // It may have ended by itself.
        let _ = connection.run(format!("KILL CONNECTION {id}")).await;
    }
    connection.run("SET SESSION lock_wait_timeout = 1").await?;
    connection
        .run(format!("DROP DATABASE IF EXISTS {database}"))
        .await
}
