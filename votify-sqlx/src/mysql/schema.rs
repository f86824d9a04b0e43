use sqlx::mysql::{MySqlConnection, MySqlPool, MySqlRow};
use sqlx::{Executor, Row, raw_sql};

use crate::error::Error;
use crate::lease::Lease;
use crate::retry;
use crate::schema::{Found, HISTORY, Migrations, Schema};

const MIGRATIONS: Migrations = Migrations(&[
    (
        "polls and votes",
        include_str!("../../migrations/mysql/0001_polls_and_votes.sql"),
    ),
    (
        "trending of unsealed polls",
        include_str!("../../migrations/mysql/0002_trending_of_unsealed_polls.sql"),
    ),
    (
        "trending by rank",
        include_str!("../../migrations/mysql/0003_trending_by_rank.sql"),
    ),
    (
        "invites",
        include_str!("../../migrations/mysql/0004_invites.sql"),
    ),
    (
        "users",
        include_str!("../../migrations/mysql/0005_users.sql"),
    ),
    (
        "marks of batches",
        include_str!("../../migrations/mysql/0006_marks_of_batches.sql"),
    ),
    (
        "address quotas",
        include_str!("../../migrations/mysql/0007_address_quotas.sql"),
    ),
]);

const TABLES: &str = "SELECT table_name, coalesce(engine, '') FROM information_schema.tables \
    WHERE table_schema = DATABASE() AND left(table_name, 7) = 'votify_' ORDER BY table_name";

/// The newest version that was made to its end: one that was interrupted left a row without success.
const VERSION: &str = "SELECT coalesce(min(CASE WHEN NOT success THEN version END) - 1, max(version), 0) \
    FROM votify_migrations";

const RUNS: &str = "SELECT count(*) FROM votify_migrations";

/// A version that was interrupted is to be run again from its start.
const FORGET_INTERRUPTED: &str = "DELETE FROM votify_migrations WHERE NOT success";

/// As sqlx makes it, but of InnoDB whatever the server's default is.
const MAKE_HISTORY: &str = "CREATE TABLE IF NOT EXISTS votify_migrations (\
    version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
    success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL) ENGINE = InnoDB";

/// For the session that migrates, which ends with it. An index over many polls takes its time; who uses the tables
/// meanwhile is waited for, but not without end.
const SESSION: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', lock_wait_timeout = 30, \
    innodb_lock_wait_timeout = 30";

/// For how long another one who migrates is waited for. Names of such locks are the server's, not the database's, and end
/// after 64 characters.
const LOCK: &str =
    "SELECT coalesce(GET_LOCK(concat('votify_migrations.', sha1(DATABASE())), 60), 0)";
const UNLOCK: &str = "DO RELEASE_LOCK(concat('votify_migrations.', sha1(DATABASE())))";

pub(super) async fn look(connection: &mut MySqlConnection) -> Result<Found, Error> {
    let rows = raw_sql(TABLES).fetch_all(&mut *connection).await?;
    let tables = rows.iter().map(name_and_engine);
    let tables: Vec<_> = tables.collect::<Result<_, Error>>()?;
    let version = if tables.iter().any(|(name, _)| name == HISTORY) {
        Some(number(connection, VERSION).await?)
    } else {
        None
    };
    // Views are of no engine.
    if version.is_some()
        && let Some((name, engine)) = tables
            .iter()
            .find(|(_, engine)| !engine.is_empty() && !engine.eq_ignore_ascii_case("InnoDB"))
    {
        return Err(Error::CannotOpen(format!(
            "table {name} has engine {engine}, which has no transactions; run ALTER TABLE {name} ENGINE = InnoDB"
        )));
    }
    Ok(Found {
        tables: tables.into_iter().map(|(name, _)| name).collect(),
        version,
        known: MIGRATIONS.known(),
    })
}

/// Unchecked: servers give the columns of their own tables various types.
fn name_and_engine(row: &MySqlRow) -> Result<(String, String), Error> {
    Ok((row.try_get_unchecked(0)?, row.try_get_unchecked(1)?))
}

async fn number(connection: &mut MySqlConnection, query: &'static str) -> Result<i64, Error> {
    let row = raw_sql(query).fetch_one(connection).await?;
    Ok(row.try_get_unchecked(0)?)
}

/// Brings the database up to date, on a connection of its own that ends with it: so does its lock, however it ends.
pub(super) async fn migrate(pool: &MySqlPool) -> Result<(), Error> {
    retry::on_conflict(async || {
        let mut lease = Lease::of(pool).await?;
        let connection = lease.connection()?;
        connection.execute(SESSION).await?;
        if number(connection, LOCK).await? != 1 {
            return Err(Error::CannotOpen(
                "another process has been migrating these tables for a minute; retry when it has finished".into(),
            ));
        }
        let migrated = migrate_within(connection).await;
        if let Err(error) = connection.execute(UNLOCK).await {
            tracing::debug!(%error, "failed to release the migration lock; its connection is closed");
        }
        migrated
    })
    .await
}

pub(super) async fn migrate_within(connection: &mut MySqlConnection) -> Result<(), Error> {
    let found = look(connection).await?;
    let table = found.tables.iter().find(|name| *name != HISTORY).cloned();
    let has_history = found.version.is_some();
    if found.judge()? == Schema::Current {
        // An interrupted row may be a newer version's, which is not ours to run again.
        return Ok(());
    }
    // The first table of the first version came after that version's row.
    if let Some(table) = table
        && has_history
        && number(connection, RUNS).await? == 0
    {
        return Err(Error::Foreign { table });
    }
    connection.execute(MAKE_HISTORY).await?;
    connection.execute(FORGET_INTERRUPTED).await?;
    MIGRATIONS.run(connection).await
}
