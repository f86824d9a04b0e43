use votify_core::store::Durability;
use votify_core::{Store, StoreError};
use votify_sqlx::sqlx::sqlite::SqlitePoolOptions;
use votify_sqlx::{SqliteStore, sqlx};

use crate::ballots::{ballot, cast, line, poll, votes};
use crate::scene::Scene;

async fn refusal(url: &str) -> String {
    let error = SqliteStore::connect(url).await.unwrap_err();
    let line = line(&error);
    assert!(!line.contains('\n'), "{line}");
    line
}

#[tokio::test]
async fn what_cannot_be_opened_is_named() {
    let scene = Scene::new();
    let missing = refusal(&scene.url("missing.db", "rw")).await;
    assert!(
        missing.contains("missing.db does not exist") && missing.contains("mode=rwc"),
        "{missing}"
    );
    assert!(!scene.path("missing.db").exists());
    let folder = refusal(&scene.url("", "rwc")).await;
    assert!(folder.contains("is a folder"), "{folder}");
    let nowhere = refusal(&scene.url("no/such/votify.db", "rwc")).await;
    assert!(
        nowhere.contains("the folder of") && nowhere.contains("does not exist"),
        "{nowhere}"
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
async fn a_file_that_is_no_database_is_left_as_it_was() {
    let scene = Scene::new();
    let text = "Dear diary, ".repeat(1000);
    std::fs::write(scene.path("diary.txt"), &text).unwrap();
    let diary = refusal(&scene.url("diary.txt", "rwc")).await;
    assert!(diary.contains("diary.txt is no SQLite database"), "{diary}");
    assert_eq!(
        std::fs::read_to_string(scene.path("diary.txt")).unwrap(),
        text
    );
}

#[tokio::test]
async fn own_connections_write_through() {
    let scene = Scene::new();
    let store = scene.store().await;
    assert_eq!(store.durability(), Durability::PowerLoss);
    assert_eq!(store.backend(), "sqlite");
}

#[tokio::test]
async fn a_hosts_pool_is_judged_by_its_settings() {
    let scene = Scene::new();
    let pool = scene.pool().await;
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
        sqlx::query(journal).execute(&pool).await.unwrap();
        sqlx::query(synchronous).execute(&pool).await.unwrap();
        let store = SqliteStore::from_pool(pool.clone()).await.unwrap();
        assert_eq!(store.durability(), expected, "{journal}, {synchronous}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_memory_is_one_database() {
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
async fn a_pool_whose_connections_would_each_see_another_database_is_refused() {
    let pool = SqlitePoolOptions::new().max_connections(2);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let error = SqliteStore::from_pool(pool).await.unwrap_err();
    assert!(
        line(&error).contains("max_connections(1)"),
        "{}",
        line(&error)
    );
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
    let scene = Scene::new();
    let store = scene.store().await;
    let poll = poll(&store).await;
    store.close().await;
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert!(
        matches!(outcome, Err(StoreError::Unavailable { .. })),
        "{outcome:?}"
    );
    assert!(
        !scene.path("votify.db-wal").exists(),
        "the log is merged into the file"
    );
}

#[tokio::test]
async fn a_database_opened_to_read_only_can_be_read() {
    let scene = Scene::new();
    let store = scene.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let reader = SqliteStore::connect(&scene.url("votify.db", "ro"))
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
