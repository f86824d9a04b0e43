use votify_core::poll::SealCause;
use votify_core::{Store, StoreError, StoreExt};
use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx;
use votify_test_support::ballots::{NOW, ballot, cast, draft, error_chain, poll, votes};

use super::harness::{Harness, query_integer, run};

#[tokio::test]
async fn a_second_migration_changes_nothing() {
    let harness = Harness::new();
    let store = harness.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    store.migrate().await.unwrap();
    assert_eq!(votes(&harness.store().await, &poll).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_migrations_all_succeed() {
    let harness = Harness::new();
    let url = harness.url("votify.db", "rwc");
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let store = SqliteStore::connect(&url)
                    .await
                    .map_err(|error| error_chain(&error))?;
                store.migrate().await.map_err(|error| error_chain(&error))
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    let count = "SELECT count(*) FROM votify_migrations";
    assert_eq!(query_integer(&harness.pool().await, count).await, 1);
}

#[tokio::test]
async fn every_call_before_the_migration_names_the_remedy() {
    let harness = Harness::new();
    let store = SqliteStore::connect(&harness.url("votify.db", "rwc"))
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
        let error = error_chain(&error);
        assert!(error.contains("run migrate()"), "{error}");
    }
    store.migrate().await.unwrap();
    store.create_poll(&poll).await.unwrap();
}

#[tokio::test]
async fn a_store_opened_before_the_migration_works_after_it() {
    let harness = Harness::new();
    let early = SqliteStore::connect(&harness.url("votify.db", "rwc"))
        .await
        .unwrap();
    let poll = poll(&harness.store().await).await;
    assert_eq!(early.polls(&[poll.id]).await.unwrap(), [Some(poll)]);
}

#[tokio::test]
async fn the_hosts_tables_and_migrations_stay_unchanged() {
    let harness = Harness::new();
    let pool = harness.pool().await;
    for statement in [
        "CREATE TABLE polls (id INTEGER PRIMARY KEY, title TEXT)",
        "INSERT INTO polls VALUES (1, 'theirs')",
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT, \
         installed_on TIMESTAMP, success BOOLEAN, checksum BLOB, execution_time BIGINT)",
        "INSERT INTO _sqlx_migrations VALUES (77, 'theirs', 0, true, x'00', 0)",
    ] {
        run(&pool, statement).await;
    }
    let store = SqliteStore::from_pool(pool.clone()).await.unwrap();
    store.migrate().await.unwrap();
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let host_row: (i64, String) =
        sqlx::query_as("SELECT version, title FROM _sqlx_migrations, polls")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(host_row, (77, "theirs".into()));
    let host_tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE name NOT LIKE 'votify\\_%' ESCAPE '\\' \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(host_tables, ["_sqlx_migrations", "polls"]);
    store.close().await;
    assert!(!pool.is_closed());
}

#[tokio::test]
async fn a_newer_schema_is_rejected() {
    let harness = Harness::new();
    harness.store().await.close().await;
    let pool = harness.pool().await;
    run(
        &pool,
        "INSERT INTO votify_migrations \
         SELECT 1000, description, installed_on, success, checksum, 0 \
         FROM votify_migrations WHERE version = 1",
    )
    .await;
    let url = harness.url("votify.db", "rw");
    let error = SqliteStore::connect(&url).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.contains("made by a newer Votify"), "{error}");
    let error = SqliteStore::from_pool(pool).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.contains("schema version 1000"), "{error}");
}

#[tokio::test]
async fn tables_of_an_unreleased_version_are_rejected_with_the_remedy() {
    let harness = Harness::new();
    harness.store().await.close().await;
    let pool = harness.pool().await;
    run(&pool, "CREATE TABLE votify_poll_options (id BLOB)").await;
    let error = SqliteStore::from_pool(pool).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    let error = error_chain(&error);
    assert!(error.contains("drop every table"), "{error}");
}

#[tokio::test]
async fn foreign_tables_with_votify_names_are_rejected() {
    let harness = Harness::new();
    let pool = harness.pool().await;
    run(&pool, "CREATE TABLE votify_polls (question TEXT)").await;
    let error = SqliteStore::from_pool(pool.clone()).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.contains("votify_polls exists"), "{error}");
    let columns = "SELECT count(*) FROM pragma_table_info('votify_polls')";
    assert_eq!(query_integer(&pool, columns).await, 1);
}

#[tokio::test]
async fn an_altered_history_is_rejected_and_voting_continues() {
    let harness = Harness::new();
    let store = harness.store().await;
    run(&harness.pool().await, "DELETE FROM votify_migrations").await;
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    let error = error_chain(&error);
    assert!(error.contains("already exists"), "{error}");
    let poll = draft("Lunch?");
    store.create_poll(&poll).await.unwrap();
    let sealed = store.seal_poll(poll.id, SealCause::Owner, NOW).await;
    assert!(sealed.is_ok(), "{sealed:?}");
}
