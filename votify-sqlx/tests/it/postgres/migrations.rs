use votify_core::poll::SealCause;
use votify_core::{Store, StoreError, StoreExt};
use votify_sqlx::{PostgresStore, sqlx};
use votify_test_support::ballots::{NOW, ballot, cast, draft, error_chain, poll, votes};

use super::harness::{Harness, run};

#[tokio::test]
async fn a_second_migration_changes_nothing() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    store.migrate().await.unwrap();
    assert!(store.is_migrated().await.unwrap());
    assert_eq!(votes(&harness.store().await, &poll).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_migrations_all_succeed() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let url = harness.url().to_owned();
            tokio::spawn(async move {
                let store = PostgresStore::connect(&url).await.unwrap();
                store.migrate().await.map_err(|error| error_chain(&error))
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    let versions: Vec<i64> = sqlx::query_scalar("SELECT version FROM votify_migrations ORDER BY 1")
        .fetch_all(&harness.pool().await)
        .await
        .unwrap();
    let expected: Vec<i64> = (1..).take(versions.len()).collect();
    assert_eq!(versions, expected);
}

#[tokio::test]
async fn every_call_before_the_migration_names_the_remedy() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = PostgresStore::connect(harness.url()).await.unwrap();
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
        let error = error_chain(&error);
        assert!(error.contains("run migrate()"), "{error}");
    }
    // Another store migrates, as another process would.
    harness.store().await;
    store.create_poll(&poll).await.unwrap();
}

#[tokio::test]
async fn the_hosts_tables_and_migrations_stay_unchanged() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let pool = harness.pool().await;
    run(
        &pool,
        "CREATE TABLE _sqlx_migrations (version bigint); CREATE TABLE polls (id bigint); \
         INSERT INTO polls VALUES (7)",
    )
    .await;
    let store = PostgresStore::from_pool(pool.clone()).await.unwrap();
    store.migrate().await.unwrap();
    let host_tables: Vec<String> = sqlx::query_scalar(
        "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() \
         AND NOT starts_with(tablename::text, 'votify_') ORDER BY 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(host_tables, ["_sqlx_migrations", "polls"]);
    let host_row: i64 = sqlx::query_scalar("SELECT id FROM polls")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(host_row, 7);
}

#[tokio::test]
async fn a_newer_schema_is_rejected() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    harness.store().await.close().await;
    let pool = harness.pool().await;
    run(
        &pool,
        "INSERT INTO votify_migrations \
         SELECT 1000, description, installed_on, success, checksum, 0 \
         FROM votify_migrations WHERE version = 1",
    )
    .await;
    let error = PostgresStore::connect(harness.url()).await.unwrap_err();
    let error = error_chain(&error);
    assert!(
        error.contains("schema version 1000, made by a newer Votify"),
        "{error}"
    );
}

#[tokio::test]
async fn foreign_tables_with_votify_names_are_rejected() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let pool = harness.pool().await;
    run(&pool, "CREATE TABLE votify_polls (question text)").await;
    let error = PostgresStore::from_pool(pool).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.contains("votify_polls exists"), "{error}");
}

#[tokio::test]
async fn tables_of_an_unreleased_version_are_rejected() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let pool = harness.pool().await;
    let store = PostgresStore::from_pool(pool.clone()).await.unwrap();
    run(
        &pool,
        "CREATE TABLE votify_migrations (version bigint); \
         INSERT INTO votify_migrations VALUES (6); \
         CREATE TABLE votify_poll_options (poll_id uuid)",
    )
    .await;
    let errors = [
        store.migrate().await.unwrap_err(),
        PostgresStore::from_pool(pool).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
        let error = error_chain(&error);
        assert!(
            error.contains("votify_poll_options is from a development version")
                && error.contains("drop every table")
                && !error.contains('\n'),
            "{error}"
        );
    }
}

#[tokio::test]
async fn no_table_has_a_foreign_key() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    harness.store().await;
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT conname::text FROM pg_constraint \
         WHERE contype = 'f' AND connamespace = current_schema()::regnamespace",
    )
    .fetch_all(&harness.pool().await)
    .await
    .unwrap();
    assert_eq!(names, [""; 0]);
}

#[tokio::test]
async fn option_counts_can_be_read_by_hand() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let counts: Vec<i64> = sqlx::query_scalar(
        "SELECT c.vote_count FROM votify_option_counts c \
         JOIN votify_options o ON o.id = c.option_id ORDER BY o.ordinal",
    )
    .fetch_all(&harness.pool().await)
    .await
    .unwrap();
    assert_eq!(counts, [1, 0]);
}

#[tokio::test]
async fn an_altered_history_is_rejected_and_voting_continues() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    run(&harness.pool().await, "DELETE FROM votify_migrations").await;
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    let error = error_chain(&error);
    assert!(error.contains("already exists"), "{error}");
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let sealed = store.seal_poll(poll.id, SealCause::Owner, NOW).await;
    assert!(sealed.is_ok(), "{sealed:?}");
}

#[tokio::test]
async fn a_missing_table_or_column_is_rejected_at_start() {
    for (statement, missing) in [
        (
            "DROP TABLE votify_invites",
            "table votify_invites is missing",
        ),
        (
            "ALTER TABLE votify_users DROP COLUMN password_hash",
            "column password_hash of table votify_users is missing",
        ),
    ] {
        let Some(harness) = Harness::new().await else {
            return;
        };
        let store = harness.store().await;
        run(&harness.pool().await, statement).await;
        let migrated = store.migrate().await.unwrap_err();
        let opened = PostgresStore::connect(harness.url()).await.unwrap_err();
        for error in [migrated, opened] {
            assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
            let error = error_chain(&error);
            assert!(error.contains(missing), "{error}");
        }
    }
}
