//! Upgrades of databases with data from every earlier schema version.

use votify_sqlx::PostgresStore;
use votify_sqlx::sqlx::{Connection as _, PgConnection, query_scalar};

use super::harness::{Harness, run};
use crate::upgrades::{SampleData, Version, migrator};

/// All schema versions.
const VERSIONS: [Version; 6] = [
    (
        "polls and votes",
        include_str!("../../../migrations/postgres/0001_polls_and_votes.sql"),
    ),
    (
        "trending by rank",
        include_str!("../../../migrations/postgres/0002_trending_by_rank.sql"),
    ),
    (
        "invites",
        include_str!("../../../migrations/postgres/0003_invites.sql"),
    ),
    (
        "users",
        include_str!("../../../migrations/postgres/0004_users.sql"),
    ),
    (
        "address quotas",
        include_str!("../../../migrations/postgres/0005_address_quotas.sql"),
    ),
    (
        "no foreign keys",
        include_str!("../../../migrations/postgres/0006_no_foreign_keys.sql"),
    ),
];

/// Creates the tables of the first `count` versions.
async fn migrate_first_versions(url: &str, count: usize) {
    let migrator = migrator(&VERSIONS[..count]);
    let mut connection = PgConnection::connect(url).await.unwrap();
    let run = migrator.run_direct(None, &mut connection, false).await;
    run.unwrap();
}

/// Copies a table's rows from another schema, except generated columns.
async fn copy_table(harness: &Harness, from: &str, table: &str) {
    let pool = harness.pool().await;
    let columns: String = query_scalar(
        "SELECT string_agg(column_name, ', ') FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER'",
    )
    .bind(table)
    .fetch_one(&pool)
    .await
    .unwrap();
    let copy = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {from}.{table}");
    run(&pool, copy).await;
}

#[tokio::test]
async fn polls_and_votes_of_every_version_survive_the_upgrade() {
    for count in 1..VERSIONS.len() {
        let (Some(source), Some(harness)) = (Harness::new().await, Harness::new().await) else {
            return;
        };
        upgrade(&source, &harness, count).await;
    }
}

async fn upgrade(source: &Harness, harness: &Harness, count: usize) {
    let data = SampleData::create(&source.store().await).await;
    migrate_first_versions(harness.url(), count).await;
    for table in [
        "votify_polls",
        "votify_tallies",
        "votify_poll_options",
        "votify_votes",
        "votify_superseded_votes",
    ] {
        copy_table(harness, source.name(), table).await;
    }

    let store = PostgresStore::connect(harness.url()).await.unwrap();
    data.assert_needs_migration(&store).await;
    store.migrate().await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    data.assert_voting_continues(&store).await;
    data.assert_address_quotas_work(&store).await;
    data.assert_accounts_work(&store).await;
    assert_eq!(foreign_keys(harness).await, [""; 0]);
}

/// Returns the names of the schema's foreign keys.
async fn foreign_keys(harness: &Harness) -> Vec<String> {
    query_scalar(
        "SELECT conname::text FROM pg_constraint \
         WHERE contype = 'f' AND connamespace = current_schema()::regnamespace",
    )
    .fetch_all(&harness.pool().await)
    .await
    .unwrap()
}
