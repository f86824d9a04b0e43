use sqlx::sqlite::SqliteConnection;
use sqlx::{query_as, query_scalar};

use crate::error::Error;
use crate::schema::{HISTORY, Migrations, SchemaInfo, VERSION};

const MIGRATIONS: Migrations = Migrations(&[(
    "initial",
    include_str!("../../migrations/sqlite/0001_initial.sql"),
)]);

const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table' \
    AND name GLOB 'votify_*' ORDER BY name";

const COLUMNS: &str = "SELECT t.name, c.name FROM sqlite_master t \
    JOIN pragma_table_xinfo(t.name) c WHERE t.type = 'table' AND t.name GLOB 'votify_*'";

const KEYS: &str = "SELECT t.name, coalesce((SELECT group_concat(c.name) FROM pragma_index_info(i.name) c), '') \
    FROM sqlite_master t JOIN pragma_index_list(t.name) i \
    WHERE t.type = 'table' AND t.name GLOB 'votify_*' AND i.\"unique\" AND NOT i.partial \
    UNION ALL SELECT t.name, coalesce((SELECT group_concat(c.name) FROM pragma_table_info(t.name) c WHERE c.pk > 0), '') \
    FROM sqlite_master t WHERE t.type = 'table' AND t.name GLOB 'votify_*'";

pub(super) async fn read(connection: &mut SqliteConnection) -> Result<SchemaInfo, Error> {
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

/// Runs the missing migrations in a transaction that locks the database.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), Error> {
    read(connection).await?.check()?;
    MIGRATIONS.run(connection).await
}
