use votify_core::{Store, StoreError};
use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::{self, AssertSqlSafe};

use crate::ballots::{NOW, ballot, cast, draft, line, poll, votes};
use crate::scene::Scene;

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let scene = Scene::new();
    let store = scene.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    store.migrate().await.unwrap();
    assert_eq!(votes(&scene.store().await, &poll).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_migrate_at_once() {
    let scene = Scene::new();
    let url = scene.url("votify.db", "rwc");
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let store = SqliteStore::connect(&url)
                    .await
                    .map_err(|error| line(&error))?;
                store.migrate().await.map_err(|error| line(&error))
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    let runs: i64 = sqlx::query_scalar("SELECT count(*) FROM votify_migrations")
        .fetch_one(&scene.pool().await)
        .await
        .unwrap();
    assert_eq!(runs, 6);
}

#[tokio::test]
async fn without_migrating_every_call_says_what_to_do() {
    let scene = Scene::new();
    let store = SqliteStore::connect(&scene.url("votify.db", "rwc"))
        .await
        .unwrap();
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
    store.migrate().await.unwrap();
    store.create_poll(&poll).await.unwrap();
}

#[tokio::test]
async fn another_handle_sees_the_migration() {
    let scene = Scene::new();
    let early = SqliteStore::connect(&scene.url("votify.db", "rwc"))
        .await
        .unwrap();
    let poll = poll(&scene.store().await).await;
    assert_eq!(early.polls(&[poll.id]).await.unwrap(), [Some(poll)]);
}

#[tokio::test]
async fn a_hosts_tables_and_migrations_are_left_alone() {
    let scene = Scene::new();
    let pool = scene.pool().await;
    for statement in [
        "CREATE TABLE polls (id INTEGER PRIMARY KEY, title TEXT)",
        "INSERT INTO polls VALUES (1, 'theirs')",
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT, installed_on TIMESTAMP, \
         success BOOLEAN, checksum BLOB, execution_time BIGINT)",
        "INSERT INTO _sqlx_migrations VALUES (77, 'theirs', 0, true, x'00', 0)",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    let store = SqliteStore::from_pool(pool.clone()).await.unwrap();
    store.migrate().await.unwrap();
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let theirs: (i64, String) =
        sqlx::query_as("SELECT version, title FROM _sqlx_migrations, polls")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(theirs, (77, "theirs".into()));
    let ours: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE name NOT LIKE 'votify\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(ours, ["_sqlx_migrations", "polls"]);
    store.close().await;
    assert!(!pool.is_closed());
}

#[tokio::test]
async fn tables_of_a_newer_version_are_not_touched() {
    let scene = Scene::new();
    scene.store().await.close().await;
    let pool = scene.pool().await;
    sqlx::query("INSERT INTO votify_migrations SELECT 1000, description, installed_on, success, checksum, 0 FROM votify_migrations WHERE version = 1")
        .execute(&pool)
        .await
        .unwrap();
    let url = scene.url("votify.db", "rw");
    let error = SqliteStore::connect(&url).await.unwrap_err();
    assert!(
        line(&error).contains("made by a newer Votify"),
        "{}",
        line(&error)
    );
    let error = SqliteStore::from_pool(pool).await.unwrap_err();
    assert!(
        line(&error).contains("schema version 1000"),
        "{}",
        line(&error)
    );
}

#[tokio::test]
async fn foreign_tables_of_our_names_are_not_touched() {
    let scene = Scene::new();
    let pool = scene.pool().await;
    sqlx::query("CREATE TABLE votify_polls (question TEXT)")
        .execute(&pool)
        .await
        .unwrap();
    let error = SqliteStore::from_pool(pool.clone()).await.unwrap_err();
    assert!(
        line(&error).contains("votify_polls exists"),
        "{}",
        line(&error)
    );
    let columns: i64 = sqlx::query_scalar(AssertSqlSafe(
        "SELECT count(*) FROM pragma_table_info('votify_polls')",
    ))
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(columns, 1);
}

#[tokio::test]
async fn an_altered_history_is_noticed() {
    let scene = Scene::new();
    let store = scene.store().await;
    let pool = scene.pool().await;
    sqlx::query("DELETE FROM votify_migrations")
        .execute(&pool)
        .await
        .unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    assert!(line(&error).contains("already exists"), "{}", line(&error));
    let poll = draft("Lunch?");
    store.create_poll(&poll).await.unwrap();
    assert!(
        store
            .seal_poll(poll.id, votify_core::poll::SealCause::Owner, NOW)
            .await
            .is_ok()
    );
}
