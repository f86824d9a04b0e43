//! Upgrades of databases with data from every earlier schema version.

use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx::mysql::MySqlPool;
use votify_sqlx::sqlx::{Connection as _, MySqlConnection, query_scalar};

use super::harness::{Harness, run};
use crate::upgrades::{SampleData, Version, migrator};

/// All schema versions.
pub(super) const VERSIONS: [Version; 7] = [
    (
        "polls and votes",
        include_str!("../../../migrations/mysql/0001_polls_and_votes.sql"),
    ),
    (
        "trending of unsealed polls",
        include_str!("../../../migrations/mysql/0002_trending_of_unsealed_polls.sql"),
    ),
    (
        "trending by rank",
        include_str!("../../../migrations/mysql/0003_trending_by_rank.sql"),
    ),
    (
        "invites",
        include_str!("../../../migrations/mysql/0004_invites.sql"),
    ),
    (
        "users",
        include_str!("../../../migrations/mysql/0005_users.sql"),
    ),
    (
        "marks of batches",
        include_str!("../../../migrations/mysql/0006_marks_of_batches.sql"),
    ),
    (
        "address quotas",
        include_str!("../../../migrations/mysql/0007_address_quotas.sql"),
    ),
];

/// Creates the tables of the first `count` versions.
pub(super) async fn migrate_first_versions(url: &str, count: usize) {
    let migrator = migrator(&VERSIONS[..count]);
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let run = migrator.run_direct(None, &mut connection, false).await;
    run.unwrap();
}

/// Copies a table's rows from another database, except generated columns.
async fn copy_table(pool: &MySqlPool, from: &str, table: &str) {
    let columns: Vec<String> = query_scalar(
        "SELECT CONVERT(column_name USING utf8mb4) FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name = ? AND extra NOT LIKE '%GENERATED%'",
    )
    .bind(table)
    .fetch_all(pool)
    .await
    .unwrap();
    let columns: Vec<_> = columns.iter().map(|name| format!("`{name}`")).collect();
    let columns = columns.join(", ");
    run(
        pool,
        format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {from}.{table}"),
    )
    .await;
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
    let pool = harness.pool().await;
    for table in [
        "votify_polls",
        "votify_poll_options",
        "votify_votes",
        "votify_superseded_votes",
    ] {
        copy_table(&pool, source.name(), table).await;
    }

    let store = MySqlStore::connect(harness.url()).await.unwrap();
    data.assert_needs_migration(&store).await;
    store.migrate().await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    data.assert_voting_continues(&store).await;
    data.assert_address_quotas_work(&store).await;
    data.assert_accounts_work(&store).await;
}
