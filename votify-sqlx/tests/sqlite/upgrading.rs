//! From what earlier versions made, with data in it.

use std::path::Path;

use votify_core::{Outcome, Store};
use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::migrate::{Migration, MigrationType, Migrator};
use votify_sqlx::sqlx::sqlite::SqliteConnectOptions;
use votify_sqlx::sqlx::{AssertSqlSafe, ConnectOptions, Executor, SqlSafeStr, query_scalar};

use crate::ballots::{ballot, cast, line, poll, votes};
use crate::scene::Scene;

/// Every version, with its name.
const VERSIONS: [(&str, &str); 3] = [
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
];

/// Makes the tables as so many versions made them, and fills them from another file.
async fn first_versions(count: usize, file: &Path, from: &Path) {
    let migration = |(version, (name, text)): (i64, &(&'static str, &'static str))| {
        let kind = MigrationType::Simple;
        Migration::new(version, (*name).into(), kind, text.into_sql_str(), true)
    };
    let versions = (1..).zip(&VERSIONS[..count]).map(migration).collect();
    let mut migrator = Migrator::with_migrations(versions);
    migrator.dangerous_set_table_name("votify_migrations");
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
    let polls = [poll(&source).await, poll(&source).await];
    let ballots: Vec<_> = (0..50).map(|n| ballot(&polls[n as usize % 2], n)).collect();
    for outcome in cast(&source, &ballots).await {
        outcome.unwrap();
    }
    source.close().await;
    first_versions(count, &scene.path("votify.db"), &filled.path("votify.db")).await;

    let url = scene.url("votify.db", "rw");
    let store = SqliteStore::connect(&url).await.unwrap();
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
