use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Executor, query, query_scalar};

use super::statements::BEGIN;
use crate::error::Error;
use crate::retry;
use crate::schema::{Found, HISTORY, Migrations, VERSION};

pub(super) const MIGRATIONS: Migrations = Migrations(&[
    (
        "polls and votes",
        include_str!("../../migrations/postgres/0001_polls_and_votes.sql"),
    ),
    (
        "trending by rank",
        include_str!("../../migrations/postgres/0002_trending_by_rank.sql"),
    ),
    (
        "invites",
        include_str!("../../migrations/postgres/0003_invites.sql"),
    ),
    (
        "users",
        include_str!("../../migrations/postgres/0004_users.sql"),
    ),
    (
        "address quotas",
        include_str!("../../migrations/postgres/0005_address_quotas.sql"),
    ),
    (
        "no foreign keys",
        include_str!("../../migrations/postgres/0006_no_foreign_keys.sql"),
    ),
]);

/// The tables that statements of ours would meet, wherever the search path finds them.
const TABLES: &str = "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') \
    AND starts_with(relname::text, 'votify_') AND pg_table_is_visible(oid) ORDER BY relname";

/// Held by whoever migrates this schema.
const LOCK: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('votify_migrations ' || current_schema(), 0))";
/// Somebody else's migration may take its time.
const PATIENCE: &str = "SET LOCAL lock_timeout = '60s'";

pub(super) async fn look(connection: &mut PgConnection) -> Result<Found, Error> {
    let tables: Vec<String> = query_scalar(TABLES).fetch_all(&mut *connection).await?;
    let version = if tables.iter().any(|name| name == HISTORY) {
        Some(query_scalar(VERSION).fetch_one(connection).await?)
    } else {
        None
    };
    Ok(Found {
        tables,
        version,
        known: MIGRATIONS.known(),
    })
}

/// Brings the schema up to date, in one transaction that holds off everybody else's.
pub(super) async fn migrate(pool: &PgPool) -> Result<(), Error> {
    retry::on_conflict(async || {
        // Not as the host or the database has it: what others did is to be seen once the lock is held.
        let mut transaction = pool.begin_with(BEGIN).await?;
        transaction.execute(PATIENCE).await?;
        query(LOCK).execute(&mut *transaction).await?;
        look(&mut transaction).await?.judge()?;
        MIGRATIONS.run(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    })
    .await
}
