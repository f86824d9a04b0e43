//! Upgrades of databases with data from every earlier schema version.

use std::path::Path;

use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::sqlite::SqliteConnectOptions;
use votify_sqlx::sqlx::{AssertSqlSafe, ConnectOptions, Executor, query_scalar};

use super::harness::Harness;
use crate::upgrades::{SampleData, Version, migrator};

/// All schema versions.
const VERSIONS: [Version; 6] = [
    (
        "polls and votes",
        include_str!("../../../migrations/sqlite/0001_polls_and_votes.sql"),
    ),
    (
        "trending of unsealed polls",
        include_str!("../../../migrations/sqlite/0002_trending_of_unsealed_polls.sql"),
    ),
    (
        "trending by rank",
        include_str!("../../../migrations/sqlite/0003_trending_by_rank.sql"),
    ),
    (
        "invites",
        include_str!("../../../migrations/sqlite/0004_invites.sql"),
    ),
    (
        "users",
        include_str!("../../../migrations/sqlite/0005_users.sql"),
    ),
    (
        "address quotas",
        include_str!("../../../migrations/sqlite/0006_address_quotas.sql"),
    ),
];

/// Creates the tables of the first `count` versions, with the rows of another file.
async fn migrate_first_versions(count: usize, file: &Path, source: &Path) {
    let migrator = migrator(&VERSIONS[..count]);
    let options = SqliteConnectOptions::new().filename(file);
    let options = options.create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    let run = migrator.run_direct(None, &mut connection, false).await;
    run.unwrap();
    let attach = format!("ATTACH '{}' AS source", source.display());
    connection.execute(AssertSqlSafe(attach)).await.unwrap();
    for table in [
        "votify_polls",
        "votify_poll_options",
        "votify_votes",
        "votify_superseded_votes",
    ] {
        let columns = format!("SELECT group_concat(name) FROM pragma_table_info('{table}')");
        let columns: String = query_scalar(AssertSqlSafe(columns))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let copy = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM source.{table}");
        connection.execute(AssertSqlSafe(copy)).await.unwrap();
    }
}

#[tokio::test]
async fn polls_and_votes_of_every_version_survive_the_upgrade() {
    for count in 1..VERSIONS.len() {
        upgrade(count).await;
    }
}

async fn upgrade(count: usize) {
    let (source, harness) = (Harness::new(), Harness::new());
    let store = source.store().await;
    let data = SampleData::create(&store).await;
    store.close().await;
    let (file, source_file) = (harness.path("votify.db"), source.path("votify.db"));
    migrate_first_versions(count, &file, &source_file).await;

    let store = SqliteStore::connect(&harness.url("votify.db", "rw"))
        .await
        .unwrap();
    data.assert_needs_migration(&store).await;
    store.migrate().await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    data.assert_voting_continues(&store).await;
    data.assert_address_quotas_work(&store).await;
    data.assert_accounts_work(&store).await;
}
