use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{AssertSqlSafe, query_scalar};

use super::open::Open;
use crate::error::Error;
use crate::retry;
use crate::schema::{HISTORY, migrator};

/// In the order in which they are run. A text that was released never changes.
const MIGRATIONS: &[(&str, &str)] = &[(
    "polls and votes",
    include_str!("../../migrations/sqlite/0001_polls_and_votes.sql"),
)];

/// How far a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    Missing,
    Older,
    Current,
}

/// The newest version that this library knows.
fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Reads how far the database is.
///
/// Fails if it is further than this library knows, or if somebody else made tables of these names.
pub(super) async fn look(connection: &mut SqliteConnection) -> Result<Schema, Error> {
    let tables: Vec<String> =
        query_scalar("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'votify_*' ORDER BY name")
            .fetch_all(&mut *connection)
            .await?;
    if !tables.iter().any(|name| name == HISTORY) {
        return match tables.into_iter().next() {
            None => Ok(Schema::Missing),
            Some(table) => Err(Error::Foreign { table }),
        };
    }
    let found: i64 = query_scalar(AssertSqlSafe(format!(
        "SELECT coalesce(max(version), 0) FROM {HISTORY}"
    )))
    .fetch_one(connection)
    .await?;
    match found.cmp(&known()) {
        std::cmp::Ordering::Less => Ok(Schema::Older),
        std::cmp::Ordering::Equal => Ok(Schema::Current),
        std::cmp::Ordering::Greater => Err(Error::TooNew {
            found,
            known: known(),
        }),
    }
}

/// Brings the database up to date, in one transaction that holds off everybody else's.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), Error> {
    retry::on_conflict(async || {
        let mut open = Open::begin(pool, "BEGIN IMMEDIATE").await?;
        let connection = open.connection()?;
        match migrate_within(connection).await {
            Ok(()) => open.commit().await,
            Err(error) => {
                open.rollback().await;
                Err(error)
            }
        }
    })
    .await
}

async fn migrate_within(connection: &mut SqliteConnection) -> Result<(), Error> {
    look(connection).await?;
    let done = migrator(MIGRATIONS)
        .run_direct(None, connection, false)
        .await;
    done.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => Error::Migration(other),
    })
}
