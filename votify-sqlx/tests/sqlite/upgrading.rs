//! From what earlier versions made, with data in it.

use std::path::Path;

use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::sqlite::SqliteConnectOptions;
use votify_sqlx::sqlx::{AssertSqlSafe, ConnectOptions, Executor, query_scalar};

use crate::scene::Scene;
use crate::upgrades::{Filled, Version, migrator};

/// Every version, with its name.
const VERSIONS: [Version; 6] = [
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
];

/// Makes the tables as so many versions made them, and fills them from another file.
async fn first_versions(count: usize, file: &Path, from: &Path) {
    let migrator = migrator(&VERSIONS[..count]);
    let options = SqliteConnectOptions::new().filename(file);
    let options = options.create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    let run = migrator.run_direct(None, &mut connection, false).await;
    run.unwrap();
    let attach = format!("ATTACH '{}' AS filled", from.display());
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
        let copy = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM filled.{table}");
        connection.execute(AssertSqlSafe(copy)).await.unwrap();
    }
}

#[tokio::test]
async fn polls_and_votes_of_every_version_go_on() {
    for count in 1..VERSIONS.len() {
        go_on(count).await;
    }
}

async fn go_on(count: usize) {
    let (filled, scene) = (Scene::new(), Scene::new());
    let source = filled.store().await;
    let polls = Filled::fill(&source).await;
    source.close().await;
    let (file, from) = (scene.path("votify.db"), filled.path("votify.db"));
    first_versions(count, &file, &from).await;

    let store = SqliteStore::connect(&scene.url("votify.db", "rw"))
        .await
        .unwrap();
    polls.waits_in(&store).await;
    store.migrate().await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    polls.goes_on_in(&store).await;
    polls.limits_addresses_in(&store).await;
    polls.lets_in(&store).await;
}
