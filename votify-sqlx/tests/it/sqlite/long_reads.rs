//! Long reads: connections of their own, and a timeout.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use votify_core::{PollId, Store, StoreError};
use votify_sqlx::SqliteStore;
use votify_sqlx::sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use votify_test_support::ballots::poll;

use super::harness::{Harness, query_integer, run};

/// Gives each poll endless votes.
const ENDLESS_VOTES: &str = "ALTER TABLE votify_votes RENAME TO other_votes; \
    CREATE VIEW votify_votes AS \
    WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers) \
    SELECT p.poll_key AS poll_key, number AS revision, zeroblob(16) AS voter_id, \
        zeroblob(16) AS ballot_id, zeroblob(1) AS choice, 0 AS cast_at \
    FROM numbers CROSS JOIN votify_polls p";

fn audits(store: &SqliteStore, poll: PollId, number: usize) -> JoinSet<bool> {
    let mut audits = JoinSet::new();
    for _ in 0..number {
        let store = store.clone();
        audits.spawn(async move {
            let error = store.audit_poll(poll).await.unwrap_err();
            matches!(error, StoreError::Unavailable { .. })
        });
    }
    audits
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_ends_after_5_seconds_and_blocks_no_other_read() {
    let harness = Harness::new();
    let store = harness.store().await;
    let poll = poll(&store).await;
    run(&harness.pool().await, ENDLESS_VOTES).await;
    let start = Instant::now();
    let audits = audits(&store, poll.id, 6);
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..10 {
        let read = timeout(Duration::from_secs(1), store.polls(&[poll.id])).await;
        assert!(read.unwrap().unwrap()[0].is_some());
    }
    let ended = timeout(Duration::from_secs(20), audits.join_all()).await;
    assert_eq!(ended.unwrap(), [true; 6]);
    assert!(start.elapsed() > Duration::from_secs(4));
}

/// Takes more steps than a statement may take after its timeout.
const COUNT: &str = "WITH RECURSIVE numbers (number) AS \
    (SELECT 1 UNION ALL SELECT number + 1 FROM numbers LIMIT 100000) \
    SELECT count(*) FROM numbers";

#[tokio::test(flavor = "multi_thread")]
async fn long_reads_take_half_of_a_hosts_pool_and_leave_no_timeout() {
    let harness = Harness::new();
    let poll = poll(&harness.store().await).await;
    let options = SqliteConnectOptions::new().filename(harness.path("votify.db"));
    let pool: SqlitePool = SqlitePoolOptions::new()
        .max_connections(2)
        .connect_with(options)
        .await
        .unwrap();
    let store = SqliteStore::from_pool(pool.clone()).await.unwrap();
    run(&pool, ENDLESS_VOTES).await;
    let audits = audits(&store, poll.id, 3);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let read = timeout(Duration::from_secs(1), store.polls(&[poll.id])).await;
    assert!(read.unwrap().unwrap()[0].is_some());
    let ended = timeout(Duration::from_secs(20), audits.join_all()).await;
    assert_eq!(ended.unwrap(), [true; 3]);
    let connections = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    for mut connection in connections {
        let count: i64 = votify_sqlx::sqlx::query_scalar(COUNT)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(count, 100_000);
    }
    assert_eq!(
        query_integer(&pool, "SELECT count(*) FROM votify_polls").await,
        1
    );
}
