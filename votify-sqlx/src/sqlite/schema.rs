use sqlx::query_scalar;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

use super::open::Open;
use crate::error::Error;
use crate::retry;
use crate::schema::{Found, HISTORY, Migrations, VERSION};

const MIGRATIONS: Migrations = Migrations(&[
    (
        "polls and votes",
        include_str!("../../migrations/sqlite/0001_polls_and_votes.sql"),
    ),
    (
        "trending of unsealed polls",
        include_str!("../../migrations/sqlite/0002_trending_of_unsealed_polls.sql"),
    ),
    (
        "trending by rank",
        include_str!("../../migrations/sqlite/0003_trending_by_rank.sql"),
    ),
    (
        "invites",
        include_str!("../../migrations/sqlite/0004_invites.sql"),
    ),
    (
        "users",
        include_str!("../../migrations/sqlite/0005_users.sql"),
    ),
    (
        "address quotas",
        include_str!("../../migrations/sqlite/0006_address_quotas.sql"),
    ),
]);

pub(super) async fn look(connection: &mut SqliteConnection) -> Result<Found, Error> {
    let tables: Vec<String> =
        query_scalar("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'votify_*' ORDER BY name")
            .fetch_all(&mut *connection)
            .await?;
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

/// Brings the database up to date, in one transaction that holds off everybody else's.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), Error> {
    retry::on_conflict(async || {
        let mut open = Open::begin(pool, "BEGIN IMMEDIATE").await?;
        match migrate_within(open.connection()?).await {
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
    look(connection).await?.judge()?;
    MIGRATIONS.run(connection).await
}
