use votify_core::poll::SealCause;
use votify_core::{Store, StoreError};
use votify_sqlx::{PostgresStore, sqlx};

use crate::ballots::{NOW, ballot, cast, draft, line, poll, votes};
use crate::scene::{Scene, run};

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    store.migrate().await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    assert_eq!(votes(&scene.store().await, &poll).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_migrate_at_once() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let url = scene.url().to_owned();
            tokio::spawn(async move {
                let store = PostgresStore::connect(&url).await.unwrap();
                store.migrate().await.map_err(|error| line(&error))
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    let runs: Vec<i64> = sqlx::query_scalar("SELECT version FROM votify_migrations ORDER BY 1")
        .fetch_all(&scene.pool().await)
        .await
        .unwrap();
    let expected: Vec<i64> = (1..).take(runs.len()).collect();
    assert_eq!(runs, expected);
}

#[tokio::test]
async fn without_migrating_every_call_says_what_to_do() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = PostgresStore::connect(scene.url()).await.unwrap();
    assert!(!store.is_migrated().await.unwrap());
    let poll = draft("Lunch?");
    let errors = [
        store.create_poll(&poll).await.unwrap_err(),
        store.polls(&[poll.id]).await.unwrap_err(),
        store.audit_poll(poll.id).await.unwrap_err(),
        cast(&store, &[ballot(&poll, 1)])
            .await
            .remove(0)
            .unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
        assert!(line(&error).contains("run migrate()"), "{}", line(&error));
    }
    // Another process does it.
    scene.store().await;
    store.create_poll(&poll).await.unwrap();
}

#[tokio::test]
async fn a_hosts_tables_and_migrations_stay_its_own() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let pool = scene.pool().await;
    run(
        &pool,
        "CREATE TABLE _sqlx_migrations (version bigint); CREATE TABLE polls (id bigint); INSERT INTO polls VALUES (7)",
    )
    .await;
    let store = PostgresStore::from_pool(pool.clone()).await.unwrap();
    store.migrate().await.unwrap();
    let ours: Vec<String> = sqlx::query_scalar(
        "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() \
         AND NOT starts_with(tablename::text, 'votify_') ORDER BY 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(ours, ["_sqlx_migrations", "polls"]);
    let kept: i64 = sqlx::query_scalar("SELECT id FROM polls")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(kept, 7);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_not_touched() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.store().await.close().await;
    let pool = scene.pool().await;
    run(
        &pool,
        "INSERT INTO votify_migrations SELECT 1000, description, installed_on, success, checksum, 0 \
         FROM votify_migrations WHERE version = 1",
    )
    .await;
    let error = PostgresStore::connect(scene.url()).await.unwrap_err();
    assert!(
        line(&error).contains("schema version 1000, made by a newer Votify"),
        "{}",
        line(&error)
    );
}

#[tokio::test]
async fn foreign_tables_of_our_names_are_not_touched() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let pool = scene.pool().await;
    run(&pool, "CREATE TABLE votify_polls (question text)").await;
    let error = PostgresStore::from_pool(pool).await.unwrap_err();
    assert!(
        line(&error).contains("votify_polls exists"),
        "{}",
        line(&error)
    );
}

#[tokio::test]
async fn an_altered_history_is_noticed_and_votes_go_on() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    run(&scene.pool().await, "DELETE FROM votify_migrations").await;
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    assert!(line(&error).contains("already exists"), "{}", line(&error));
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let sealed = store.seal_poll(poll.id, SealCause::Owner, NOW).await;
    assert!(sealed.is_ok(), "{sealed:?}");
}
