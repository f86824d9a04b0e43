use votify_core::store::Durability;
use votify_core::{Store, StoreError};
use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::sqlite::SqlitePoolOptions;
use votify_test_support::ballots::{ballot, cast, error_chain, poll, votes};

use super::harness::{Harness, run};

/// Returns the error of `connect`, which must be one line.
async fn connect_error(url: &str) -> String {
    let error = SqliteStore::connect(url).await.unwrap_err();
    let error = error_chain(&error);
    assert!(!error.contains('\n'), "{error}");
    error
}

#[tokio::test]
async fn errors_name_the_file() {
    let harness = Harness::new();
    let missing = connect_error(&harness.url("missing.db", "rw")).await;
    assert!(
        missing.contains("missing.db does not exist") && missing.contains("mode=rwc"),
        "{missing}"
    );
    assert!(!harness.path("missing.db").exists());
    let folder = connect_error(&harness.url("", "rwc")).await;
    assert!(folder.contains("is a folder"), "{folder}");
    let missing_folder = connect_error(&harness.url("no/such/votify.db", "rwc")).await;
    assert!(
        missing_folder.contains("the folder of") && missing_folder.contains("does not exist"),
        "{missing_folder}"
    );
    for url in [
        "postgres://localhost/votify",
        "votify.db",
        "sqlite://votify.db?mode=sideways",
    ] {
        let error = SqliteStore::connect(url).await.unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn the_url_of_another_database_is_not_repeated() {
    let error = connect_error("postgres://u:secret@localhost/votify").await;
    assert!(error.contains("sqlite://votify.db"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_not_a_database_stays_unchanged() {
    let harness = Harness::new();
    let text = "Dear diary, ".repeat(1000);
    std::fs::write(harness.path("diary.txt"), &text).unwrap();
    let error = connect_error(&harness.url("diary.txt", "rwc")).await;
    assert!(
        error.contains("diary.txt is not a SQLite database"),
        "{error}"
    );
    assert_eq!(
        std::fs::read_to_string(harness.path("diary.txt")).unwrap(),
        text
    );
}

#[tokio::test]
async fn an_own_pool_survives_power_loss() {
    let harness = Harness::new();
    let store = harness.store().await;
    assert_eq!(store.durability(), Durability::PowerLoss);
    assert_eq!(store.backend(), "sqlite");
}

#[tokio::test]
async fn durability_follows_the_host_pools_pragmas() {
    let harness = Harness::new();
    let pool = harness.pool().await;
    let settings = [
        (
            "PRAGMA journal_mode = DELETE",
            "PRAGMA synchronous = FULL",
            Durability::ProcessCrash,
        ),
        (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            Durability::ProcessCrash,
        ),
        (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            Durability::PowerLoss,
        ),
        (
            "PRAGMA journal_mode = MEMORY",
            "PRAGMA synchronous = FULL",
            Durability::Nothing,
        ),
    ];
    for (journal, synchronous, expected) in settings {
        run(&pool, journal).await;
        run(&pool, synchronous).await;
        let store = SqliteStore::from_pool(pool.clone()).await.unwrap();
        assert_eq!(store.durability(), expected, "{journal}, {synchronous}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_connections_share_the_database_in_memory() {
    let (one, other) = (
        SqliteStore::connect("sqlite::memory:").await.unwrap(),
        SqliteStore::connect("sqlite::memory:").await.unwrap(),
    );
    assert_eq!(one.durability(), Durability::Nothing);
    one.migrate().await.unwrap();
    other.migrate().await.unwrap();
    let poll = poll(&one).await;
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let (one, ballot) = (one.clone(), ballot(&poll, n));
            tokio::spawn(async move { cast(&one, &[ballot]).await.remove(0).unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(votes(&one, &poll).await, 50);
    assert_eq!(other.polls(&[poll.id]).await.unwrap(), [None]);
}

#[tokio::test]
async fn a_pool_with_a_database_in_memory_per_connection_is_rejected() {
    let pool = SqlitePoolOptions::new().max_connections(2);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let error = SqliteStore::from_pool(pool).await.unwrap_err();
    let error = error_chain(&error);
    assert!(error.contains("max_connections(1)"), "{error}");
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    SqliteStore::from_pool(pool)
        .await
        .unwrap()
        .migrate()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let harness = Harness::new();
    let store = harness.store().await;
    let poll = poll(&store).await;
    store.close().await;
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
    assert!(
        !harness.path("votify.db-wal").exists(),
        "the write-ahead log was not merged into the file"
    );
}

#[tokio::test]
async fn a_database_opened_read_only_can_be_read() {
    let harness = Harness::new();
    let store = harness.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let reader = SqliteStore::connect(&harness.url("votify.db", "ro"))
        .await
        .unwrap();
    reader.migrate().await.unwrap();
    assert_eq!(votes(&reader, &poll).await, 1);
    let outcome = cast(&reader, &[ballot(&poll, 2)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
}
