use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::Error;
use url::Url;

use super::Connection;
use super::programs::{Programs, run};

/// Small, so that it starts fast. All that makes it durable is the server's default.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_buffers=16MB",
];

/// Makes an empty cluster that lets everybody on this machine in.
pub(super) fn make(programs: &Programs, data: &Path) {
    let mut command = programs.command(&programs.make);
    // What is not yet written to the disk when it ends is lost by nothing that a test does.
    command.args(["--username=postgres", "--auth=trust", "--encoding=UTF8"]);
    command.args(["--no-locale", "--no-sync", "--pgdata"]);
    run(command.arg(data));
}

/// The server, in the foreground. Of settings given twice the later one counts.
pub(super) fn serve(programs: &Programs, data: &Path, port: u16, settings: &[String]) -> Command {
    let mut command = programs.command(&programs.server);
    command.arg("-D").arg(data).arg("-p").arg(port.to_string());
    let own = SETTINGS.iter().copied();
    for setting in own.chain(settings.iter().map(String::as_str)) {
        command.args(["-c", setting]);
    }
    command
}

/// Where the server writes its process id, and which it takes for the mark of a running server.
pub(super) fn id_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

pub(super) const DATA_FOLDER: &str = "SHOW data_directory";

pub(super) async fn clients(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let query = "SELECT pid::text FROM pg_stat_activity \
                 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    connection.texts(query).await
}

/// Lets all connections of this URL work in a schema, and name themselves after it.
pub(super) fn select_schema(url: &mut Url, schema: &str) {
    url.query_pairs_mut()
        .append_pair("options", &format!("-csearch_path={schema}"))
        .append_pair("application_name", schema);
}

/// The schemas of tests.
pub(super) async fn names(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let query = "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'votify\\_test\\_%'";
    connection.texts(query).await
}

pub(super) async fn remove(connection: &mut Connection, schema: &str) -> Result<(), Error> {
    // Those that bear its name, and those under another one that have a lock on something in it.
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
