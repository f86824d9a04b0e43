use votify_core::{Store, StoreError};
use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx;

use crate::ballots::{NOW, ballot, cast, draft, line, poll, votes};
use crate::scene::{Scene, number, run};
use crate::upgrading::{VERSIONS, first_versions};

const RUNS: &str = "SELECT count(*) FROM votify_migrations WHERE success";
const HISTORY: &str = "CREATE TABLE votify_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, \
    execution_time BIGINT NOT NULL)";
/// As many as there are versions.
const ALL: i64 = 7;

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = scene.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    store.migrate().await.unwrap();
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
                let store = MySqlStore::connect(&url).await;
                let store = store.map_err(|error| line(&error))?;
                store.migrate().await.map_err(|error| line(&error))
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    assert_eq!(number(&scene.pool().await, RUNS).await, ALL);
}

#[tokio::test]
async fn interrupted_within_the_first_version_it_is_completed() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let pool = scene.pool().await;
    let (_, first) = VERSIONS[0];
    let (one_table, _) = first.split_once("-- No foreign keys").unwrap();
    for statement in [
        HISTORY,
        "INSERT INTO votify_migrations VALUES (1, 'polls and votes', now(), false, x'00', -1)",
        one_table,
    ] {
        run(&pool, statement).await;
    }
    let store = MySqlStore::connect(scene.url()).await.unwrap();
    let early = store.create_poll(&draft("Lunch?")).await.unwrap_err();
    assert!(line(&early).contains("run migrate()"), "{}", line(&early));
    store.migrate().await.unwrap();
    assert_eq!(number(&pool, RUNS).await, ALL);
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    assert_eq!(votes(&store, &poll).await, 1);
}

/// Later versions do not mind being run again, wholly or in part.
#[tokio::test]
async fn interrupted_within_a_later_version_it_is_completed() {
    for (done, (name, text)) in (1..).zip(&VERSIONS[1..]) {
        for was_run in [false, true] {
            let Some(scene) = Scene::new().await else {
                return;
            };
            first_versions(scene.url(), done).await;
            let pool = scene.pool().await;
            if was_run {
                run(&pool, *text).await;
            }
            let version = done + 1;
            let interrupted = format!(
                "INSERT INTO votify_migrations VALUES ({version}, '{name}', now(), false, x'00', -1)"
            );
            run(&pool, interrupted).await;
            let store = MySqlStore::from_pool(pool.clone()).await.unwrap();
            store.migrate().await.unwrap();
            assert_eq!(number(&pool, RUNS).await, ALL);
            let poll = poll(&store).await;
            cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
            assert_eq!(votes(&store, &poll).await, 1);
        }
    }
}

#[tokio::test]
async fn a_lock_on_migrations_ends_with_them() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let pool = scene.pool().await;
    run(&pool, HISTORY).await;
    run(&pool, "CREATE TABLE votify_polls (question TEXT)").await;
    let store = MySqlStore::from_pool(pool.clone()).await.unwrap();
    for _ in 0..3 {
        store.migrate().await.unwrap_err();
    }
    let free = "SELECT IS_FREE_LOCK(concat('votify_migrations.', sha1(DATABASE())))";
    assert_eq!(number(&pool, free).await, 1);
    // What the migrating session had set is gone with it.
    let set = "SELECT @@SESSION.lock_wait_timeout = @@GLOBAL.lock_wait_timeout";
    assert_eq!(number(&pool, set).await, 1);
}

#[tokio::test]
async fn without_migrating_every_call_says_what_to_do() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let store = MySqlStore::connect(scene.url()).await.unwrap();
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
    let Some(scene) = Scene::new().await else {
        return;
    };
    let early = MySqlStore::connect(scene.url()).await.unwrap();
    let poll = poll(&scene.store().await).await;
    assert_eq!(early.polls(&[poll.id]).await.unwrap(), [Some(poll)]);
}

#[tokio::test]
async fn a_hosts_tables_and_migrations_are_left_alone() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let pool = scene.pool().await;
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
    let theirs: (i64, String) =
        sqlx::query_as("SELECT version, title FROM _sqlx_migrations, polls")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(theirs, (77, "theirs".into()));
    let theirs = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
                AND left(table_name, 7) <> 'votify_'";
    let mut theirs = scene.foreign().await.texts(theirs).await.unwrap();
    theirs.sort();
    assert_eq!(theirs, ["_sqlx_migrations", "polls"]);
    store.close().await;
    assert!(!pool.is_closed());
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
    let error = MySqlStore::connect(scene.url()).await.unwrap_err();
    assert!(
        line(&error).contains("made by a newer Votify"),
        "{}",
        line(&error)
    );
    let error = MySqlStore::from_pool(pool).await.unwrap_err();
    assert!(
        line(&error).contains("schema version 1000"),
        "{}",
        line(&error)
    );
}

#[tokio::test]
async fn a_newer_version_that_was_interrupted_is_not_ours_to_complete() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    scene.store().await.close().await;
    let pool = scene.pool().await;
    run(
        &pool,
        "INSERT INTO votify_migrations VALUES (8, 'of tomorrow', now(), false, x'00', -1)",
    )
    .await;
    let store = MySqlStore::from_pool(pool.clone()).await.unwrap();
    store.migrate().await.unwrap();
    poll(&store).await;
    let all = "SELECT count(*) FROM votify_migrations";
    assert_eq!(number(&pool, all).await, ALL + 1);
}

#[tokio::test]
async fn foreign_tables_of_our_names_are_not_touched() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let pool = scene.pool().await;
    run(&pool, "CREATE TABLE votify_polls (question TEXT)").await;
    let error = MySqlStore::from_pool(pool.clone()).await.unwrap_err();
    assert!(
        line(&error).contains("votify_polls exists"),
        "{}",
        line(&error)
    );
    let columns = "SELECT count(*) FROM information_schema.columns WHERE table_schema = DATABASE()";
    assert_eq!(number(&pool, columns).await, 1);
}

#[tokio::test]
async fn an_altered_history_is_noticed() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let (pool, store) = scene.hosted().await;
    run(
        &pool,
        "UPDATE votify_migrations SET checksum = x'00' WHERE version = 1",
    )
    .await;
    run(&pool, "DELETE FROM votify_migrations WHERE version > 1").await;
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    assert!(line(&error).contains("modified"), "{}", line(&error));

    run(&pool, "DELETE FROM votify_migrations").await;
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    assert!(
        line(&error).contains("was not made by Votify's migrations"),
        "{}",
        line(&error)
    );
    let poll = draft("Lunch?");
    store.create_poll(&poll).await.unwrap();
    let by_owner = votify_core::poll::SealCause::Owner;
    store.seal_poll(poll.id, by_owner, NOW).await.unwrap();
}
