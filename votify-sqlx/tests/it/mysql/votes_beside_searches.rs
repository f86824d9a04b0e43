//! Votes beside searches that hold every connection of their pool or share.

use std::sync::Arc;

use tokio::sync::Mutex;
use votify_core::Store;
use votify_sqlx::MySqlStore;
use votify_sqlx::sqlx::mysql::MySqlPoolOptions;
use votify_test_support::ballots::poll;
use votify_test_support::long_reads;

use super::harness::Harness;

async fn votes_go_on(harness: &Harness, store: impl Store, expected: i64) {
    let poll = poll(&store).await;
    let mut locking = harness.connection().await;
    let admin = Mutex::new(harness.connection().await);
    let lock = "LOCK TABLES votify_title_words WRITE";
    locking.run(lock).await.unwrap();
    let query = format!(
        "SELECT CAST(count(*) AS CHAR) FROM information_schema.processlist \
         WHERE db = '{}' AND state LIKE '%metadata lock%'",
        harness.name()
    );
    let blocked = async || -> i64 {
        let waiting = admin.lock().await.texts(query.as_str()).await;
        waiting.unwrap().remove(0).parse().unwrap()
    };
    let unlock = async || locking.run("UNLOCK TABLES").await.unwrap();
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
    let pool = MySqlPoolOptions::new().max_connections(4);
    let pool = pool.connect(harness.url()).await.unwrap();
    let store = MySqlStore::from_pool(pool).await.unwrap();
    store.migrate().await.unwrap();
    votes_go_on(&harness, store, 2).await;
}
