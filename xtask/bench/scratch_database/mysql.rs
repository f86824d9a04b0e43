//! Temporary MySQL and MariaDB databases.

use votify_sqlx::sqlx::mysql::MySqlConnection;
use votify_sqlx::sqlx::{AssertSqlSafe, Connection, Error, query_scalar, raw_sql};

/// Includes the binary log: if it is on, a commit waits for its sync too.
const DESCRIBE: &str = "SELECT CONVERT(CONCAT(VERSION(), ' with innodb_flush_log_at_trx_commit=', \
    @@innodb_flush_log_at_trx_commit, ', log_bin=', @@log_bin, ', sync_binlog=', @@sync_binlog, ', innodb_doublewrite=', \
    @@innodb_doublewrite, ', innodb_buffer_pool_size=', @@innodb_buffer_pool_size) USING utf8mb4)";

pub(super) async fn describe(url: &str) -> Result<String, Error> {
    let mut connection = MySqlConnection::connect(url).await?;
    let description: String = query_scalar(DESCRIBE).fetch_one(&mut connection).await?;
    // MariaDB includes its name in the version.
    Ok(if description.contains("MariaDB") {
        description
    } else {
        format!("MySQL {description}")
    })
}

pub(super) async fn create(server: &str, database: &str) -> Result<(), Error> {
    run(
        server,
        format!("CREATE DATABASE {database} CHARACTER SET utf8mb4"),
    )
    .await
}

/// Waits up to 30 s for locks: the transaction of a killed server may hold them for a
/// moment.
pub(super) async fn drop_database(server: &str, database: &str) -> Result<(), Error> {
    run(
        server,
        format!("SET SESSION lock_wait_timeout = 30; DROP DATABASE {database}"),
    )
    .await
}

async fn run(server: &str, statements: String) -> Result<(), Error> {
    let mut connection = MySqlConnection::connect(server).await?;
    raw_sql(AssertSqlSafe(statements))
        .execute(&mut connection)
        .await?;
    connection.close().await
}
