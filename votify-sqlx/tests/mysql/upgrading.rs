//! From what earlier versions made, with data in it.

use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx::mysql::MySqlPool;
use votify_sqlx::sqlx::{Connection as _, MySqlConnection, query_scalar};

use crate::scene::{Scene, run};
use crate::upgrades::{Filled, Version, migrator};

/// Every version, with its name.
pub(crate) const VERSIONS: [Version; 7] = [
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
];

/// Makes the tables as so many versions made them.
pub(crate) async fn first_versions(url: &str, count: usize) {
    let migrator = migrator(&VERSIONS[..count]);
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let run = migrator.run_direct(None, &mut connection, false).await;
    run.unwrap();
}

/// Copies all rows of a table from another database, but what is computed.
async fn copy(pool: &MySqlPool, from: &str, table: &str) {
    let columns: Vec<String> = query_scalar(
        "SELECT CONVERT(column_name USING utf8mb4) FROM information_schema.columns WHERE table_schema = DATABASE() \
         AND table_name = ? AND extra NOT LIKE '%GENERATED%'",
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
async fn polls_and_votes_of_every_version_go_on() {
    for count in 1..VERSIONS.len() {
        let (Some(filled), Some(scene)) = (Scene::new().await, Scene::new().await) else {
            return;
        };
        go_on(&filled, &scene, count).await;
    }
}

async fn go_on(filled: &Scene, scene: &Scene, count: usize) {
    let polls = Filled::fill(&filled.store().await).await;
    first_versions(scene.url(), count).await;
    let pool = scene.pool().await;
    for table in [
        "votify_polls",
        "votify_poll_options",
        "votify_votes",
        "votify_superseded_votes",
    ] {
        copy(&pool, filled.name(), table).await;
    }

    let store = MySqlStore::connect(scene.url()).await.unwrap();
    polls.waits_in(&store).await;
    store.migrate().await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    polls.goes_on_in(&store).await;
    polls.limits_addresses_in(&store).await;
    polls.lets_in(&store).await;
}
