//! From what earlier versions made, with data in it.

use votify_sqlx::PostgresStore;
use votify_sqlx::sqlx::{Connection as _, PgConnection, query_scalar};

use crate::scene::{Scene, run};
use crate::upgrades::{Filled, Version, migrator};

/// Every version, with its name.
const VERSIONS: [Version; 6] = [
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
];

/// Makes the tables as so many versions made them.
async fn first_versions(url: &str, count: usize) {
    let migrator = migrator(&VERSIONS[..count]);
    let mut connection = PgConnection::connect(url).await.unwrap();
    let run = migrator.run_direct(None, &mut connection, false).await;
    run.unwrap();
}

/// Copies all rows of a table from another schema, but what is computed.
async fn copy(scene: &Scene, from: &str, table: &str) {
    let pool = scene.pool().await;
    let columns: String = query_scalar(
        "SELECT string_agg(column_name, ', ') FROM information_schema.columns WHERE table_schema = current_schema() \
         AND table_name = $1 AND is_generated = 'NEVER'",
    )
    .bind(table)
    .fetch_one(&pool)
    .await
    .unwrap();
    let copy = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {from}.{table}");
    run(&pool, &copy).await;
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
    for table in [
        "votify_polls",
        "votify_tallies",
        "votify_poll_options",
        "votify_votes",
        "votify_superseded_votes",
    ] {
        copy(scene, filled.name(), table).await;
    }

    let store = PostgresStore::connect(scene.url()).await.unwrap();
    polls.waits_in(&store).await;
    store.migrate().await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    polls.goes_on_in(&store).await;
    polls.limits_addresses_in(&store).await;
    polls.lets_in(&store).await;
    assert_eq!(foreign_keys(scene).await, [""; 0]);
}

/// Those of our tables.
async fn foreign_keys(scene: &Scene) -> Vec<String> {
    query_scalar(
        "SELECT conname::text FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace",
    )
    .fetch_all(&scene.pool().await)
    .await
    .unwrap()
}
