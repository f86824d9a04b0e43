use sqlx::mysql::{MySqlConnection, MySqlPool, MySqlRow};
use sqlx::{Executor, Row, raw_sql};

use crate::error::Error;
use crate::pooled_connection::PooledConnection;
use crate::schema::{HISTORY, Migrations, Schema, SchemaInfo};

const MIGRATIONS: Migrations = Migrations(&[(
    "initial",
    include_str!("../../migrations/mysql/0001_initial.sql"),
)]);

const TABLES: &str = "SELECT table_name, coalesce(engine, '') FROM information_schema.tables \
    WHERE table_schema = DATABASE() AND left(table_name, 7) = 'votify_' ORDER BY table_name";

const COLUMNS: &str = "SELECT table_name, column_name FROM information_schema.columns \
    WHERE table_schema = DATABASE() AND left(table_name, 7) = 'votify_'";

const KEYS: &str = "SELECT table_name, group_concat(column_name) FROM information_schema.statistics \
    WHERE table_schema = DATABASE() AND left(table_name, 7) = 'votify_' AND non_unique = 0 \
    GROUP BY table_name, index_name";

/// Reads the newest complete version: an interrupted one left a row without success.
const VERSION: &str = "SELECT coalesce(min(CASE WHEN NOT success THEN version END) - 1, max(version), 0) \
    FROM votify_migrations";

const RUNS: &str = "SELECT count(*) FROM votify_migrations";

/// An interrupted version is run again from its start.
const DELETE_INTERRUPTED: &str = "DELETE FROM votify_migrations WHERE NOT success";

/// As sqlx creates it, but with InnoDB whatever the server's default engine is.
const CREATE_HISTORY: &str = "CREATE TABLE IF NOT EXISTS votify_migrations (\
    version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
    success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL) ENGINE = InnoDB";

/// Settings of the migrating session: bounded waits for transactions that use the tables,
/// but no limit for a statement, which may rebuild a table.
const SESSION: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', lock_wait_timeout = 30, \
    innodb_lock_wait_timeout = 30 /*!50708 , max_execution_time = 0 */ /*M! , max_statement_time = 0 */";

/// Waits up to 60 seconds for other migrations. The names of these locks are shared by
/// all databases of a server, and have at most 64 characters.
const LOCK: &str =
    "SELECT coalesce(GET_LOCK(concat('votify_migrations.', sha1(DATABASE())), 60), 0)";
const UNLOCK: &str = "DO RELEASE_LOCK(concat('votify_migrations.', sha1(DATABASE())))";

/// Reads the tables and their version.
pub(super) async fn read(connection: &mut MySqlConnection) -> Result<SchemaInfo, Error> {
    let rows = raw_sql(TABLES).fetch_all(&mut *connection).await?;
    let tables = rows.iter().map(two_texts);
    let tables: Vec<_> = tables.collect::<Result<_, Error>>()?;
    let version = if tables.iter().any(|(name, _)| name == HISTORY) {
        Some(number(connection, VERSION).await?)
    } else {
        None
    };
    // Views have no engine.
    if version.is_some()
        && let Some((name, engine)) = tables
            .iter()
            .find(|(_, engine)| !engine.is_empty() && !engine.eq_ignore_ascii_case("InnoDB"))
    {
        return Err(Error::TablesUnusable(format!(
            "table {name} has engine {engine}, which has no transactions; run ALTER TABLE {name} ENGINE = InnoDB"
        )));
    }
    let columns = raw_sql(COLUMNS).fetch_all(&mut *connection).await?;
    let columns = columns.iter().map(two_texts);
    let keys = raw_sql(KEYS).fetch_all(connection).await?;
    let keys = keys.iter().map(two_texts);
    Ok(SchemaInfo {
        tables: tables.into_iter().map(|(name, _)| name).collect(),
        version,
        columns: columns.collect::<Result<_, Error>>()?,
        keys: keys.collect::<Result<_, Error>>()?,
        migrations: MIGRATIONS,
    })
}

/// Unchecked, because the types of these columns differ between servers.
fn two_texts(row: &MySqlRow) -> Result<(String, String), Error> {
    Ok((row.try_get_unchecked(0)?, row.try_get_unchecked(1)?))
}

async fn number(connection: &mut MySqlConnection, query: &'static str) -> Result<i64, Error> {
    let row = raw_sql(query).fetch_one(connection).await?;
    Ok(row.try_get_unchecked(0)?)
}

/// Migrates on a connection that is closed afterwards, which also releases the lock.
pub(super) async fn migrate(pool: &MySqlPool) -> Result<(), Error> {
    let mut pooled = PooledConnection::acquire(pool).await?;
    let connection = pooled.get()?;
    connection.execute(SESSION).await?;
    if number(connection, LOCK).await? != 1 {
        return Err(Error::TablesUnusable(
            "another process has been migrating these tables for a minute; retry when it has finished".into(),
        ));
    }
    let migrated = migrate_locked(connection).await;
    if let Err(error) = connection.execute(UNLOCK).await {
        tracing::debug!(%error, "failed to release the migration lock; its connection is closed");
    }
    migrated
}

pub(super) async fn migrate_locked(connection: &mut MySqlConnection) -> Result<(), Error> {
    let schema = read(connection).await?;
    let table = schema.tables.iter().find(|name| *name != HISTORY).cloned();
    let has_history = schema.version.is_some();
    if schema.check()? == Schema::Current {
        // An interrupted row may belong to a newer version of this library.
        return Ok(());
    }
    // The row of the first version is written before its first table is created.
    if let Some(table) = table
        && has_history
        && number(connection, RUNS).await? == 0
    {
        return Err(Error::ForeignTable { table });
    }
    connection.execute(CREATE_HISTORY).await?;
    connection.execute(DELETE_INTERRUPTED).await?;
    MIGRATIONS.run(connection).await
}
