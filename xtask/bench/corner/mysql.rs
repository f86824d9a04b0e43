use votify_sqlx::sqlx::mysql::MySqlConnection;
use votify_sqlx::sqlx::{AssertSqlSafe, Connection, Error, query_scalar, raw_sql};

/// The binary log, where there is one, is a second thing that a commit waits for.
const SETTINGS: &str = "SELECT CONVERT(CONCAT(VERSION(), ' with innodb_flush_log_at_trx_commit=', \
    @@innodb_flush_log_at_trx_commit, ', log_bin=', @@log_bin, ', sync_binlog=', @@sync_binlog, ', innodb_doublewrite=', \
    @@innodb_doublewrite, ', innodb_buffer_pool_size=', @@innodb_buffer_pool_size) USING utf8mb4)";

pub(super) async fn settings(url: &str) -> Result<String, Error> {
    let mut connection = MySqlConnection::connect(url).await?;
    let settings: String = query_scalar(SETTINGS).fetch_one(&mut connection).await?;
    // A MariaDB says so in its version.
    Ok(if settings.contains("MariaDB") {
        settings
    } else {
        format!("MySQL {settings}")
    })
}

pub(super) async fn make(server: &str, database: &str) -> Result<(), Error> {
    run(
        server,
        format!("CREATE DATABASE {database} CHARACTER SET utf8mb4"),
    )
    .await
}

/// Whoever was killed in the middle of a transaction may hold on to it for a moment.
pub(super) async fn remove(server: &str, database: &str) -> Result<(), Error> {
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
