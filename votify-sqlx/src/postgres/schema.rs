use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Executor, query, query_as, query_scalar};

use super::sql::BEGIN;
use crate::error::Error;
use crate::schema::{HISTORY, Migrations, SchemaInfo, VERSION};

pub(super) const MIGRATIONS: Migrations = Migrations(&[(
    "initial",
    include_str!("../../migrations/postgres/0001_initial.sql"),
)]);

/// Reads the tables and views that statements would use, in any schema of the search
/// path.
const TABLES: &str = "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p', 'v') \
    AND starts_with(relname::text, 'votify_') AND pg_table_is_visible(oid) ORDER BY relname";

const COLUMNS: &str = "SELECT c.relname::text, a.attname::text FROM pg_class c \
    JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relkind IN ('r', 'p') \
    AND starts_with(c.relname::text, 'votify_') AND pg_table_is_visible(c.oid) \
    AND a.attnum > 0 AND NOT a.attisdropped";

/// Without keys of expressions. An invalid index was not built to its end.
const KEYS: &str = "SELECT c.relname::text, (SELECT coalesce(string_agg(a.attname, ','), '') FROM pg_attribute a \
    WHERE a.attrelid = c.oid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) \
    FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid WHERE c.relkind IN ('r', 'p') \
    AND starts_with(c.relname::text, 'votify_') AND pg_table_is_visible(c.oid) \
    AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL";

/// Locks the migrations of a schema against other processes, until the transaction ends.
const LOCK: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('votify_migrations ' || current_schema(), 0))";
/// Longer than for votes: the migration of another process may take long, and so may a
/// statement that rebuilds a table.
const TIMEOUTS: &str = "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0";

pub(super) async fn read(connection: &mut PgConnection) -> Result<SchemaInfo, Error> {
    let tables: Vec<String> = query_scalar(TABLES).fetch_all(&mut *connection).await?;
    let version = if tables.iter().any(|name| name == HISTORY) {
        Some(query_scalar(VERSION).fetch_one(&mut *connection).await?)
    } else {
        None
    };
    Ok(SchemaInfo {
        tables,
        version,
        columns: query_as(COLUMNS).fetch_all(&mut *connection).await?,
        keys: query_as(KEYS).fetch_all(connection).await?,
        migrations: MIGRATIONS,
    })
}

/// Runs the missing migrations in one transaction, under the migration lock.
pub(super) async fn migrate(pool: &PgPool) -> Result<(), Error> {
    // Not in the isolation level of the host or database: after waiting for the lock, the
    // changes of its last holder must be visible.
    let mut transaction = pool.begin_with(BEGIN).await?;
    transaction.execute(TIMEOUTS).await?;
    query(LOCK).execute(&mut *transaction).await?;
    read(&mut transaction).await?.check()?;
    MIGRATIONS.run(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}
