use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::Error;

use super::Connection;
use super::programs::Programs;
use crate::command::run;

/// Small, for a fast start. Durability settings are the server's defaults.
const SETTINGS: &[&str] = &[
    "--no-defaults",
    "--bind-address=127.0.0.1",
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=16M",
];

/// Creates an empty data folder whose root user has no password.
pub(super) fn initialize(programs: &Programs, data: &Path) {
    let mut command = programs.command(&programs.init);
    command.args(["--no-defaults", "--auth-root-authentication-method=normal"]);
    command.arg("--skip-test-db");
    use_own_temporary_folder(&mut command, data);
    run(command.arg(format!("--datadir={}", data.display())));
}

/// A starting server removes other servers' temporary tables from a shared folder.
fn use_own_temporary_folder(command: &mut Command, data: &Path) {
    command.env("TMPDIR", data.parent().unwrap_or(data));
}

/// Returns the command that runs the server in the foreground. Later settings override
/// earlier ones.
pub(super) fn serve(programs: &Programs, data: &Path, port: u16, settings: &[String]) -> Command {
    let mut command = programs.command(&programs.server);
    use_own_temporary_folder(&mut command, data);
    command
        .args(SETTINGS)
        .arg(format!("--datadir={}", data.display()))
        // A starting server removes the temporary files of all servers in this folder.
        .arg(format!("--tmpdir={}", data.display()))
        .arg(format!("--port={port}"))
        .arg(format!("--socket={}", data.join("socket").display()))
        .arg(format!("--pid-file={}", pid_file(data).display()))
        .args(settings);
    command
}

/// Path of the file with the server's process id.
pub(super) fn pid_file(data: &Path) -> PathBuf {
    data.join("server.pid")
}

/// Query for the server's data folder.
pub(super) const DATA_FOLDER: &str = "SELECT @@datadir";

/// Returns the ids of the other clients' connections.
pub(super) async fn clients(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let query = "SELECT CAST(id AS CHAR) FROM information_schema.processlist \
                 WHERE command <> 'Daemon' AND id <> connection_id()";
    connection.texts(query).await
}

pub(super) async fn scratch_databases(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let query = "SHOW DATABASES LIKE 'votify\\_test\\_%'";
    connection.texts(query).await
}

pub(super) async fn remove(connection: &mut Connection, database: &str) -> Result<(), Error> {
    let users = format!(
        "SELECT CAST(id AS CHAR) FROM information_schema.processlist \
         WHERE db = '{database}' AND id <> connection_id()"
    );
    for id in connection.texts(users).await? {
        // The connection may have ended since.
        let _ = connection.run(format!("KILL CONNECTION {id}")).await;
    }
    connection.run("SET SESSION lock_wait_timeout = 1").await?;
    connection
        .run(format!("DROP DATABASE IF EXISTS {database}"))
        .await
}
