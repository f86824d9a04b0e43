//! Statements on a host's pool: no just-in-time compilation, and a timeout for long reads.

use std::time::Duration;

use tokio::time::timeout;
use votify_core::store::PollFilter;
use votify_core::{PageRequest, PollId, Store, StoreError};
use votify_sqlx::PostgresStore;
use votify_test_support::ballots::{NOW, ballot, cast, poll};

use super::harness::{Harness, run};

/// Makes each statement that reads polls fail if it may be compiled.
const NO_JIT: &str = "CREATE FUNCTION jit_is_off() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN \
        IF current_setting('jit') <> 'off' THEN RAISE 'jit is on'; END IF; RETURN true; END $$; \
    ALTER TABLE votify_polls RENAME TO other_polls; \
    CREATE VIEW votify_polls AS SELECT * FROM other_polls WHERE jit_is_off()";

#[tokio::test]
async fn statements_on_a_hosts_pool_are_not_compiled() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let poll = poll(&harness.store().await).await;
    let pool = harness.pool().await;
    run(&pool, "SET jit = on").await;
    let store = PostgresStore::from_pool(pool.clone()).await.unwrap();
    run(&pool, NO_JIT).await;
    let mut ids: Vec<PollId> = (0..200).map(|n| PollId::from_bytes([n; 16])).collect();
    ids.push(poll.id);
    let polls = store.polls(&ids).await.unwrap();
    assert_eq!(polls.iter().flatten().count(), 1);
    cast(&store, &[ballot(&poll, 1)]).await.remove(0).unwrap();
    let listed = store
        .list_polls(&PollFilter::all(), &PageRequest::FIRST, NOW)
        .await
        .unwrap();
    assert_eq!(listed.items.len(), 1);
    assert!(store.audit_poll(poll.id).await.unwrap().is_exact());
    // The host's own statements have its setting.
    let setting: String = votify_sqlx::sqlx::query_scalar("SELECT current_setting('jit')")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(setting, "on");
}

#[tokio::test]
async fn the_server_ends_a_long_read_on_a_hosts_pool() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let poll = poll(&harness.store().await).await;
    let store = PostgresStore::from_pool(harness.pool().await)
        .await
        .unwrap();
    let other = harness.pool().await;
    run(
        &other,
        "BEGIN; LOCK TABLE votify_votes IN ACCESS EXCLUSIVE MODE",
    )
    .await;
    let audit = timeout(Duration::from_secs(9), store.audit_poll(poll.id)).await;
    let error = audit.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    run(&other, "ROLLBACK").await;
    assert!(store.audit_poll(poll.id).await.unwrap().is_exact());
}

#[tokio::test]
async fn dropped_long_reads_count_until_the_server_has_ended_them() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    let other = harness.pool().await;
    let lock = "BEGIN; LOCK TABLE votify_votes IN ACCESS EXCLUSIVE MODE";
    run(&other, lock).await;
    for _ in 0..6 {
        let audit = timeout(Duration::from_millis(200), store.audit_poll(poll.id)).await;
        assert!(audit.is_err(), "{audit:?}");
    }
    let waiting: i64 = votify_sqlx::sqlx::query_scalar(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'votify_votes'::regclass",
    )
    .fetch_one(&other)
    .await
    .unwrap();
    assert_eq!(waiting, 3);
    run(&other, "ROLLBACK").await;
    assert!(store.audit_poll(poll.id).await.unwrap().is_exact());
}
