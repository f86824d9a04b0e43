use votify_core::poll::SealCause;
use votify_core::{Store, StoreError, StoreExt};
use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx;
use votify_test_support::ballots::{NOW, ballot, cast, draft, error_chain, poll, votes};

use super::harness::{Harness, query_integer, run};

const INITIAL: &str = include_str!("../../../migrations/mysql/0001_initial.sql");

const COUNT_SUCCESSFUL: &str = "SELECT count(*) FROM votify_migrations WHERE success";
const CREATE_HISTORY: &str = "CREATE TABLE votify_migrations (version BIGINT PRIMARY KEY, \
    description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
    success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)";
/// The number of versions.
const ALL: i64 = 1;

#[tokio::test]
async fn a_second_migration_changes_nothing() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    store.migrate().await.unwrap();
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
                let store = MySqlStore::connect(&url).await;
                let store = store.map_err(|error| error_chain(&error))?;
                store.migrate().await.map_err(|error| error_chain(&error))
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    let successful = query_integer(&harness.pool().await, COUNT_SUCCESSFUL).await;
    assert_eq!(successful, ALL);
}

#[tokio::test]
async fn a_migration_interrupted_in_the_first_version_is_completed() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let pool = harness.pool().await;
    let second_table = "CREATE TABLE IF NOT EXISTS votify_options";
    let (one_table, _) = INITIAL.split_once(second_table).unwrap();
    for statement in [
        CREATE_HISTORY,
        "INSERT INTO votify_migrations VALUES (1, 'initial', now(), false, x'00', -1)",
        one_table,
    ] {
        run(&pool, statement).await;
    }
    let store = MySqlStore::connect(harness.url()).await.unwrap();
    let error = store.create_poll(&draft("Lunch?")).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.contains("run migrate()"), "{error}");
    store.migrate().await.unwrap();
    assert_eq!(query_integer(&pool, COUNT_SUCCESSFUL).await, ALL);
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    assert_eq!(votes(&store, &poll).await, 1);
}

/// The statements are idempotent: the interruption may come after the last one.
#[tokio::test]
async fn a_migration_interrupted_after_its_last_statement_is_completed() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let pool = harness.pool().await;
    for statement in [
        CREATE_HISTORY,
        "INSERT INTO votify_migrations VALUES (1, 'initial', now(), false, x'00', -1)",
        INITIAL,
    ] {
        run(&pool, statement).await;
    }
    let store = MySqlStore::from_pool(pool.clone()).await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(query_integer(&pool, COUNT_SUCCESSFUL).await, ALL);
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    assert_eq!(votes(&store, &poll).await, 1);
}

#[tokio::test]
async fn tables_of_an_unreleased_version_are_rejected() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = MySqlStore::connect(harness.url()).await.unwrap();
    let pool = harness.pool().await;
    for statement in [
        CREATE_HISTORY,
        "INSERT INTO votify_migrations VALUES (1, 'polls and votes', now(), true, x'00', 1)",
        "CREATE TABLE votify_poll_options (id INTEGER PRIMARY KEY)",
    ] {
        run(&pool, statement).await;
    }
    let errors = [
        store.migrate().await.unwrap_err(),
        MySqlStore::connect(harness.url()).await.unwrap_err(),
        MySqlStore::from_pool(pool).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
        let error = error_chain(&error);
        let expected = "votify_poll_options is from a development version";
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn option_counts_can_be_read_by_sql() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    for n in 0..3 {
        cast(&store, &[ballot(&poll, n)]).await.remove(0).unwrap();
    }
    let counts = "SELECT CAST(vote_count AS CHAR) FROM votify_option_counts v \
                  JOIN votify_options o ON o.poll_id = v.poll_id AND o.id = v.option_id \
                  ORDER BY o.ordinal";
    let counts = harness.connection().await.texts(counts).await.unwrap();
    let tally = store.tallies(&[poll.id]).await.unwrap().remove(0).unwrap();
    let expected = tally.counts.iter().map(|entry| entry.count.to_string());
    assert_eq!(counts, expected.collect::<Vec<_>>());
    let total = "SELECT CAST(sum(vote_count) AS SIGNED) FROM votify_option_counts";
    assert_eq!(query_integer(&pool, total).await, 3);
}

#[tokio::test]
async fn the_migration_lock_is_released_after_a_failure() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let pool = harness.pool().await;
    run(&pool, CREATE_HISTORY).await;
    run(&pool, "CREATE TABLE votify_polls (question TEXT)").await;
    let store = MySqlStore::from_pool(pool.clone()).await.unwrap();
    for _ in 0..3 {
        store.migrate().await.unwrap_err();
    }
    let is_free = "SELECT IS_FREE_LOCK(concat('votify_migrations.', sha1(DATABASE())))";
    assert_eq!(query_integer(&pool, is_free).await, 1);
    // The settings of the migrating session have ended with it.
    let is_default = "SELECT @@SESSION.lock_wait_timeout = @@GLOBAL.lock_wait_timeout";
    assert_eq!(query_integer(&pool, is_default).await, 1);
}

#[tokio::test]
async fn every_call_before_the_migration_names_the_remedy() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = MySqlStore::connect(harness.url()).await.unwrap();
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
    let Some(harness) = Harness::new().await else {
        return;
    };
    let early = MySqlStore::connect(harness.url()).await.unwrap();
    let poll = poll(&harness.store().await).await;
    assert_eq!(early.polls(&[poll.id]).await.unwrap(), [Some(poll)]);
}

#[tokio::test]
async fn the_hosts_tables_and_migrations_stay_unchanged() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let pool = harness.pool().await;
    for statement in [
        "CREATE TABLE polls (id INTEGER PRIMARY KEY, title TEXT)",
        "INSERT INTO polls VALUES (1, 'theirs')",
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, success BOOLEAN)",
        "INSERT INTO _sqlx_migrations VALUES (77, true)",
    ] {
        run(&pool, statement).await;
    }
    let store = MySqlStore::from_pool(pool.clone()).await.unwrap();
    store.migrate().await.unwrap();
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let host_row: (i64, String) =
        sqlx::query_as("SELECT version, title FROM _sqlx_migrations, polls")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(host_row, (77, "theirs".into()));
    let host_tables = "SELECT table_name FROM information_schema.tables \
                       WHERE table_schema = DATABASE() AND left(table_name, 7) <> 'votify_'";
    let mut host_tables = harness.connection().await.texts(host_tables).await.unwrap();
    host_tables.sort();
    assert_eq!(host_tables, ["_sqlx_migrations", "polls"]);
    store.close().await;
    assert!(!pool.is_closed());
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
    let error = MySqlStore::connect(harness.url()).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.contains("made by a newer Votify"), "{error}");
    let error = MySqlStore::from_pool(pool).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.contains("schema version 1000"), "{error}");
}

#[tokio::test]
async fn an_interrupted_newer_version_is_left_alone() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    harness.store().await.close().await;
    let pool = harness.pool().await;
    run(
        &pool,
        "INSERT INTO votify_migrations VALUES (2, 'newer', now(), false, x'00', -1)",
    )
    .await;
    let store = MySqlStore::from_pool(pool.clone()).await.unwrap();
    store.migrate().await.unwrap();
    poll(&store).await;
    let count = "SELECT count(*) FROM votify_migrations";
    assert_eq!(query_integer(&pool, count).await, ALL + 1);
}

#[tokio::test]
async fn foreign_tables_with_votify_names_are_rejected() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let pool = harness.pool().await;
    run(&pool, "CREATE TABLE votify_polls (question TEXT)").await;
    let error = MySqlStore::from_pool(pool.clone()).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.contains("votify_polls exists"), "{error}");
    let columns = "SELECT count(*) FROM information_schema.columns WHERE table_schema = DATABASE()";
    assert_eq!(query_integer(&pool, columns).await, 1);
}

#[tokio::test]
async fn an_emptied_history_is_rejected() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (pool, store) = harness.host_store().await;
    run(&pool, "DELETE FROM votify_migrations").await;
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    let error = error_chain(&error);
    assert!(
        error.contains("was not created by Votify's migrations"),
        "{error}"
    );
    let poll = draft("Lunch?");
    store.create_poll(&poll).await.unwrap();
    store
        .seal_poll(poll.id, SealCause::Owner, NOW)
        .await
        .unwrap();
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
        let opened = MySqlStore::connect(harness.url()).await.unwrap_err();
        for error in [migrated, opened] {
            assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
            let error = error_chain(&error);
            assert!(error.contains(missing), "{error}");
        }
    }
}
