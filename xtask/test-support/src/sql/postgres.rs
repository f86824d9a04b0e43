use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::Error;
use url::Url;

use super::Connection;
use super::programs::Programs;
use crate::command::run;

/// Small, for a fast start. Durability settings are the server's defaults.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_buffers=16MB",
];

/// Creates an empty cluster that needs no password from this machine.
pub(super) fn initialize(programs: &Programs, data: &Path) {
    let mut command = programs.command(&programs.init);
    // `--no-sync`: no test cuts the power, so the files need not be on disk yet.
    command.args(["--username=postgres", "--auth=trust", "--encoding=UTF8"]);
    command.args(["--no-locale", "--no-sync", "--pgdata"]);
    run(command.arg(data));
}

/// Returns the command that runs the server in the foreground. Later settings override
/// earlier ones.
pub(super) fn serve(programs: &Programs, data: &Path, port: u16, settings: &[String]) -> Command {
    let mut command = programs.command(&programs.server);
    command.arg("-D").arg(data).arg("-p").arg(port.to_string());
    let defaults = SETTINGS.iter().copied();
    for setting in defaults.chain(settings.iter().map(String::as_str)) {
        command.args(["-c", setting]);
    }
    command
}

/// Path of the file with the server's process id. Its existence marks a running server.
pub(super) fn pid_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// Query for the server's data folder.
pub(super) const DATA_FOLDER: &str = "SHOW data_directory";

/// Returns the process ids of the other clients' backends.
pub(super) async fn clients(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let query = "SELECT pid::text FROM pg_stat_activity \
                 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    connection.texts(query).await
}

/// Makes all connections of a URL use a schema, with the schema's name as application
/// name.
pub(super) fn select_schema(url: &mut Url, schema: &str) {
    url.query_pairs_mut()
        .append_pair("options", &format!("-csearch_path={schema}"))
        .append_pair("application_name", schema);
}

pub(super) async fn scratch_schemas(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let query = "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'votify\\_test\\_%'";
    connection.texts(query).await
}

pub(super) async fn remove(connection: &mut Connection, schema: &str) -> Result<(), Error> {
    // Connections with the schema's application name, and connections with another name
    // that hold a lock on one of its tables.
    let users = format!(
        "SELECT pid FROM pg_stat_activity WHERE application_name = '{schema}' \
         UNION SELECT locks.pid FROM pg_locks locks \
         JOIN pg_class class ON class.oid = locks.relation \
         JOIN pg_namespace space ON space.oid = class.relnamespace \
         JOIN pg_database base ON base.oid = locks.database AND base.datname = current_database() \
         WHERE space.nspname = '{schema}'"
    );
    connection
        .run(format!(
            "SELECT pg_terminate_backend(pid) FROM ({users}) users WHERE pid <> pg_backend_pid(); \
             SET lock_timeout = '1s'; \
             DROP SCHEMA IF EXISTS {schema} CASCADE"
        ))
        .await
}
