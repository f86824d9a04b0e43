//! Votes beside searches that hold every connection of their pool or share.

use std::sync::Arc;

use votify_core::Store;
use votify_sqlx::sqlx::postgres::PgPoolOptions;
use votify_sqlx::{PostgresStore, sqlx};
use votify_test_support::ballots::poll;
use votify_test_support::long_reads;

use super::harness::{Harness, run};

async fn votes_go_on(harness: &Harness, store: impl Store, expected: i64) {
    let poll = poll(&store).await;
    let (locking, admin) = (harness.pool().await, harness.pool().await);
    run(
        &locking,
        "BEGIN; LOCK TABLE votify_title_words IN ACCESS EXCLUSIVE MODE",
    )
    .await;
    let blocked = async || -> i64 {
        let waiting = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 \
             AND wait_event_type = 'Lock'",
        );
        let waiting = waiting.bind(harness.name()).fetch_one(&admin).await;
        waiting.unwrap()
    };
    let unlock = async || run(&locking, "ROLLBACK").await;
    long_reads::votes_go_on(Arc::new(store), &poll, expected, blocked, unlock).await;
}

#[tokio::test]
async fn votes_go_on_while_searches_hold_their_pool() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    votes_go_on(&harness, store, 3).await;
}

#[tokio::test]
async fn votes_go_on_while_searches_hold_their_share_of_a_host_pool() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let pool = PgPoolOptions::new().max_connections(4);
    let pool = pool.connect(harness.url()).await.unwrap();
    let store = PostgresStore::from_pool(pool).await.unwrap();
    store.migrate().await.unwrap();
    votes_go_on(&harness, store, 2).await;
}
