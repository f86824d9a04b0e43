//! Files that are truncated or overwritten while the store uses them, and the index of the
//! log.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, symlink};

use votify_core::{Poll, Store, StoreError};
use votify_sqlx::SqliteStore;
use votify_test_support::ballots::{ballot, cast, draft, error_chain, poll, votes};

use super::harness::{Harness, run};

fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>, problem: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    let error = error_chain(&error);
    assert!(error.contains(problem), "{error}");
}

/// Returns a store with 5 votes. The file has 30 more polls and was opened before, so that
/// most pages are in the database and not in the log.
async fn grown_store(harness: &Harness) -> (SqliteStore, Poll) {
    let store = harness.store().await;
    for _ in 0..30 {
        let poll = poll(&store).await;
        cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    }
    store.close().await;
    store_with_votes(harness).await
}

/// Returns a store with 5 votes, all of them in the log.
async fn store_with_votes(harness: &Harness) -> (SqliteStore, Poll) {
    let store = harness.store().await;
    let poll = poll(&store).await;
    for number in 1..=5 {
        cast(&store, &[ballot(&poll, number)])
            .await
            .remove(0)
            .unwrap();
    }
    (store, poll)
}

fn truncate(harness: &Harness, name: &str, len: impl FnOnce(u64) -> u64) -> u64 {
    let file = File::options()
        .write(true)
        .open(harness.path(name))
        .unwrap();
    let before = file.metadata().unwrap().len();
    file.set_len(len(before)).unwrap();
    before
}

/// Every call fails, and also after the file has its length again.
async fn assert_stopped(harness: &Harness, store: &SqliteStore, poll: &Poll, file: &str, len: u64) {
    let problem = format!("{file} was truncated");
    for _ in 0..2 {
        for number in 6..9 {
            let outcome = cast(store, &[ballot(poll, number)]).await.remove(0);
            assert_unavailable(outcome, &problem);
        }
        assert_unavailable(store.check_ready().await, &problem);
        assert_unavailable(store.polls(&[poll.id]).await, "votify.db-wal");
        assert_unavailable(store.create_poll(&draft("Dinner?")).await, "start again");
        let file = File::options()
            .write(true)
            .open(harness.path(file))
            .unwrap();
        file.set_len(len).unwrap();
    }
}

#[tokio::test]
async fn a_truncated_database_stops_the_store() {
    for (len, votes) in [(0, 0), (8_192, 0), (8_192, 300), (65_536, 300)] {
        let harness = Harness::new();
        let (store, poll) = grown_store(&harness).await;
        // The log then has more frames than the database has pages.
        for number in 10..10 + votes {
            cast(&store, &[ballot(&poll, number)])
                .await
                .remove(0)
                .unwrap();
        }
        let before = truncate(&harness, "votify.db", |_| len);
        assert!(before > len);
        assert_stopped(&harness, &store, &poll, "votify.db", before).await;
    }
    let harness = Harness::new();
    let (store, poll) = store_with_votes(&harness).await;
    let before = truncate(&harness, "votify.db", |_| 0);
    assert_stopped(&harness, &store, &poll, "votify.db", before).await;
}

#[tokio::test]
async fn a_truncated_log_stops_the_store() {
    for divisor in [u64::MAX, 2] {
        for is_grown in [true, false] {
            let harness = Harness::new();
            let (store, poll) = match is_grown {
                true => grown_store(&harness).await,
                false => store_with_votes(&harness).await,
            };
            let before = truncate(&harness, "votify.db-wal", |len| len / divisor);
            assert_stopped(&harness, &store, &poll, "votify.db-wal", before).await;
        }
    }
}

/// The length stays the same, so that only SQLite's own errors show it.
#[tokio::test]
async fn an_overwritten_file_stops_the_store_at_the_first_error() {
    for (file, is_grown) in [("votify.db-wal", false), ("votify.db", true)] {
        let harness = Harness::new();
        let (store, poll) = match is_grown {
            true => grown_store(&harness).await,
            false => store_with_votes(&harness).await,
        };
        let path = harness.path(file);
        let len = usize::try_from(path.metadata().unwrap().len()).unwrap();
        let zeros = vec![0; len];
        let written = File::options().write(true).open(&path).unwrap();
        written.write_all_at(&zeros, 0).unwrap();
        let mut number = 6;
        // Pages may be cached.
        let error = loop {
            let _ = cast(&store, &[ballot(&poll, number)]).await;
            number += 1;
            assert!(number < 100, "{file}: no error");
            if let Err(error) = store.audit_poll(poll.id).await {
                break error;
            }
        };
        // SQLite takes a page of zeros for an empty page, or for a damaged one.
        assert_unavailable(Err::<(), _>(error), "a backup");
        for _ in 0..3 {
            let outcome = cast(&store, &[ballot(&poll, 100)]).await.remove(0);
            assert_unavailable(outcome, "a backup");
            assert_unavailable(store.check_ready().await, "a backup");
        }
    }
}

#[tokio::test]
async fn files_that_sqlite_truncates_are_accepted() {
    let harness = Harness::new();
    let (store, poll) = grown_store(&harness).await;
    let pool = harness.pool().await;
    let len = |name: &str| harness.path(name).metadata().unwrap().len();
    for number in 10..20 {
        let (database, log) = (len("votify.db"), len("votify.db-wal"));
        run(
            &pool,
            "DELETE FROM votify_options WHERE poll_key < 30 AND ordinal < 0",
        )
        .await;
        run(
            &pool,
            "CREATE TABLE IF NOT EXISTS large AS SELECT randomblob(300000) AS value",
        )
        .await;
        store.check_ready().await.unwrap();
        run(&pool, "PRAGMA wal_checkpoint(TRUNCATE)").await;
        store.check_ready().await.unwrap();
        run(&pool, "DROP TABLE large").await;
        run(&pool, "VACUUM").await;
        run(&pool, "PRAGMA wal_checkpoint(TRUNCATE)").await;
        assert!(
            number == 10 || len("votify.db") <= database,
            "{database} {log}"
        );
        assert_eq!(len("votify.db-wal"), 0);
        cast(&store, &[ballot(&poll, number)])
            .await
            .remove(0)
            .unwrap();
        store.check_ready().await.unwrap();
    }
    assert_eq!(votes(&store, &poll).await, 15);
}

#[tokio::test]
async fn a_removed_index_of_the_log_refuses_votes() {
    let harness = Harness::new();
    let (store, poll) = grown_store(&harness).await;
    let index = harness.path("votify.db-shm");
    let moved = harness.path("moved");
    fs::rename(&index, &moved).unwrap();
    for problem in ["was removed", "was replaced"] {
        for _ in 0..2 {
            let outcome = cast(&store, &[ballot(&poll, 6)]).await.remove(0);
            assert_unavailable(outcome, problem);
            assert!(store.check_ready().await.is_err());
        }
        // As another process creates it, which does not see the locks of this one.
        fs::write(&index, [0; 32_768]).unwrap();
    }
    assert_eq!(votes(&store, &poll).await, 5);
    fs::rename(&moved, &index).unwrap();
    cast(&store, &[ballot(&poll, 6)]).await.remove(0).unwrap();
}

/// SQLite would end the process with SIGBUS.
#[tokio::test]
async fn a_truncated_index_of_the_log_refuses_calls() {
    let harness = Harness::new();
    let (store, poll) = grown_store(&harness).await;
    let before = truncate(&harness, "votify.db-shm", |_| 0);
    let outcome = cast(&store, &[ballot(&poll, 6)]).await.remove(0);
    assert_unavailable(outcome, "was truncated");
    assert_unavailable(store.polls(&[poll.id]).await, "then start again");
    assert!(store.check_ready().await.is_err());
    // So that closing the connections does not end the test.
    truncate(&harness, "votify.db-shm", |_| before);
}

#[tokio::test]
async fn a_file_that_cannot_be_found_refuses_calls() {
    let harness = Harness::new();
    let folder = harness.path("data");
    fs::create_dir(&folder).unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.join("votify.db").display());
    let store = SqliteStore::connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    let poll = poll(&store).await;
    fs::rename(&folder, harness.path("moved")).unwrap();
    // Too many symbolic links: another error than for a missing file.
    symlink(&folder, &folder).unwrap();
    let outcome = cast(&store, &[ballot(&poll, 1)]).await.remove(0);
    assert_unavailable(outcome, "cannot be found");
    assert_unavailable(store.check_ready().await, "cannot be found");
    fs::remove_file(&folder).unwrap();
    fs::rename(harness.path("moved"), &folder).unwrap();
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
}
