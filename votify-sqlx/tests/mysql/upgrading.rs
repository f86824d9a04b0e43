//! From what earlier versions made, with data in it.

use votify_core::{Outcome, Store};
use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx::migrate::{Migration, MigrationType, Migrator};
use votify_sqlx::sqlx::mysql::MySqlPool;
use votify_sqlx::sqlx::{Connection as _, MySqlConnection, SqlSafeStr, query_scalar};

use crate::ballots::{ballot, cast, line, poll, votes};
use crate::scene::{Scene, run};

/// Every version, with its name.
pub(crate) const VERSIONS: [(&str, &str); 3] = [
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
];

/// Makes the tables as so many versions made them.
pub(crate) async fn first_versions(url: &str, count: usize) {
    let migration = |(version, (name, text)): (i64, &(&'static str, &'static str))| {
        let kind = MigrationType::Simple;
        Migration::new(version, (*name).into(), kind, text.into_sql_str(), true)
    };
    let versions = (1..).zip(&VERSIONS[..count]).map(migration).collect();
    let mut migrator = Migrator::with_migrations(versions);
    migrator.dangerous_set_table_name("votify_migrations");
    migrator.set_locking(false);
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
    let source = filled.store().await;
    let polls = [poll(&source).await, poll(&source).await];
    let ballots: Vec<_> = (0..50).map(|n| ballot(&polls[n as usize % 2], n)).collect();
    for outcome in cast(&source, &ballots).await {
        outcome.unwrap();
    }
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
    let early = store.polls(&[polls[0].id]).await.unwrap_err();
    assert!(line(&early).contains("older version"), "{}", line(&early));
    store.migrate().await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    for poll in &polls {
        assert_eq!(votes(&store, poll).await, 25);
    }
    let again = cast(&store, &ballots[..1]).await.remove(0).unwrap();
    assert_eq!(again, Outcome::Replayed { revision: 1 });
    let new = cast(&store, &[ballot(&polls[0], 100)]).await.remove(0);
    assert_eq!(new.unwrap(), Outcome::Counted { revision: 26 });
    assert_eq!(votes(&store, &polls[0]).await, 26);
}
