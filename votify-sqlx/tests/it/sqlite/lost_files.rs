//! Files that are removed or replaced while the store uses them, and damaged files.

use std::fs;
use std::os::unix::fs::FileExt;

use votify_core::{Outcome, Store, StoreError};
use votify_sqlx::SqliteStore;
use votify_test_support::ballots::{ballot, cast, draft, error_chain, poll, votes};

use super::harness::{Harness, query_integer, run};

fn assert_lost<T: std::fmt::Debug>(result: Result<T, StoreError>, problem: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    let error = error_chain(&error);
    assert!(error.contains(problem), "{error}");
}

#[tokio::test]
async fn a_removed_file_refuses_every_call_until_it_is_back() {
    let harness = Harness::new();
    let store = harness.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let (path, moved) = (harness.path("votify.db"), harness.path("moved.db"));
    fs::rename(&path, &moved).unwrap();
    assert_lost(
        cast(&store, &[ballot(&poll, 2)]).await.remove(0),
        "was removed",
    );
    assert_lost(store.polls(&[poll.id]).await, "was removed");
    assert_lost(store.create_poll(&draft("Dinner?")).await, "was removed");
    assert_lost(store.audit_poll(poll.id).await, "was removed");
    assert_lost(store.check_ready().await, "was removed");
    fs::rename(&moved, &path).unwrap();
    let outcome = cast(&store, &[ballot(&poll, 2)]).await.remove(0);
    assert_eq!(outcome.unwrap(), Outcome::Counted { revision: 2 });
    store.check_ready().await.unwrap();
    assert_eq!(votes(&store, &poll).await, 2);
}

#[tokio::test]
async fn a_replaced_file_refuses_every_call_and_stays_unchanged() {
    let harness = Harness::new();
    let store = harness.store().await;
    let poll = poll(&store).await;
    let path = harness.path("votify.db");
    let copy = harness.path("copy.db");
    run(
        &harness.pool().await,
        format!("VACUUM INTO '{}'", copy.display()),
    )
    .await;
    fs::rename(&path, harness.path("original.db")).unwrap();
    fs::rename(&copy, &path).unwrap();
    for _ in 0..3 {
        assert_lost(
            cast(&store, &[ballot(&poll, 1)]).await.remove(0),
            "was replaced",
        );
        assert_lost(store.polls(&[poll.id]).await, "was replaced");
        assert_lost(store.check_ready().await, "was replaced");
    }
    fs::rename(&path, &copy).unwrap();
    fs::rename(harness.path("original.db"), &path).unwrap();
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    assert_eq!(votes(&store, &poll).await, 1);
}

#[tokio::test]
async fn a_removed_log_refuses_votes_and_restarting_saves_the_acknowledged_ones() {
    let harness = Harness::new();
    let store = harness.store().await;
    let poll = poll(&store).await;
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let log = harness.path("votify.db-wal");
    fs::remove_file(&log).unwrap();
    assert_lost(
        cast(&store, &[ballot(&poll, 2)]).await.remove(0),
        "was removed",
    );
    assert_lost(store.check_ready().await, "was removed");
    // Another file in its place is not the one that SQLite writes.
    fs::write(&log, "").unwrap();
    assert_lost(
        cast(&store, &[ballot(&poll, 2)]).await.remove(0),
        "was replaced",
    );
    fs::remove_file(&log).unwrap();
    store.close().await;
    assert_eq!(votes(&harness.store().await, &poll).await, 1);
}

#[tokio::test]
async fn a_file_removed_under_a_hosts_pool_refuses_votes() {
    let harness = Harness::new();
    let (_pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    fs::remove_file(harness.path("votify.db")).unwrap();
    assert_lost(
        cast(&store, &[ballot(&poll, 1)]).await.remove(0),
        "was removed",
    );
    assert_lost(store.check_ready().await, "was removed");
}

#[tokio::test]
async fn a_damaged_file_is_rejected_at_start() {
    let harness = Harness::new();
    let store = harness.store().await;
    let poll = poll(&store).await;
    let ballots: Vec<_> = (0..2_000).map(|n| ballot(&poll, n)).collect();
    cast(&store, &ballots).await;
    store.close().await;
    let pool = harness.pool().await;
    let sql = "SELECT rootpage FROM sqlite_master WHERE name = 'votify_votes'";
    let page = query_integer(&pool, sql).await;
    let size = query_integer(&pool, "PRAGMA page_size").await;
    pool.close().await;
    let file = fs::File::options()
        .write(true)
        .open(harness.path("votify.db"))
        .unwrap();
    let offset = u64::try_from((page - 1) * size).unwrap();
    file.write_all_at(&[0x55; 512], offset).unwrap();
    for error in [
        SqliteStore::connect(&harness.url("votify.db", "rwc")).await,
        SqliteStore::from_pool(harness.pool().await).await,
    ] {
        let error = error.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
        let error = error_chain(&error);
        assert!(error.contains("is damaged"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[tokio::test]
async fn a_missing_table_or_column_is_rejected_at_start() {
    for (statement, missing) in [
        ("DROP TABLE votify_votes", "table votify_votes is missing"),
        (
            "ALTER TABLE votify_users DROP COLUMN password_hash",
            "column password_hash of table votify_users is missing",
        ),
    ] {
        let harness = Harness::new();
        let store = harness.store().await;
        run(&harness.pool().await, statement).await;
        let migrated = store.migrate().await.unwrap_err();
        let opened = SqliteStore::connect(&harness.url("votify.db", "rwc")).await;
        for error in [migrated, opened.unwrap_err()] {
            assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
            let error = error_chain(&error);
            assert!(error.contains(missing), "{error}");
            assert!(error.contains("restore it from a backup"), "{error}");
        }
    }
}
