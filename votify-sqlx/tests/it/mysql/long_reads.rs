//! Long reads on a host's pool.

use std::time::Duration;

use tokio::time::timeout;
use votify_core::store::PollFilter;
use votify_core::{PageRequest, Store, StoreError};
use votify_test_support::ballots::{NOW, poll};

use super::harness::{Harness, query_integer};

/// The statement timeout of a session, in milliseconds on either server.
const TIMEOUT: &str = "SELECT CAST(0 /*!50708 + @@SESSION.max_execution_time */ \
    /*M! + @@SESSION.max_statement_time * 1000 */ AS SIGNED)";

#[tokio::test]
async fn the_server_ends_a_long_read_on_a_hosts_pool() {
    let Some(harness) = Harness::new().await else {
        return;
    };
    let (pool, store) = harness.host_store().await;
    let poll = poll(&store).await;
    let mut other = harness.connection().await;
    other.run("LOCK TABLES votify_polls WRITE").await.unwrap();
    let (filter, page) = (PollFilter::all(), PageRequest::FIRST);
    let list = timeout(
        Duration::from_secs(9),
        store.list_polls(&filter, &page, NOW),
    );
    let error = list.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    other.run("UNLOCK TABLES").await.unwrap();
    let listed = store.list_polls(&filter, &page, NOW).await.unwrap();
    assert_eq!(listed.items[0].poll.id, poll.id);
    // The host's own statements have its timeout again, on each connection.
    let mut connections = Vec::new();
    for _ in 0..3 {
        connections.push(pool.acquire().await.unwrap());
    }
    for mut connection in connections {
        let found: i64 = votify_sqlx::sqlx::query_scalar(TIMEOUT)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(found, 0);
    }
}

#[tokio::test]
async fn dropped_long_reads_count_until_the_server_has_ended_them() {
    const WAITING: &str = "SELECT count(*) FROM information_schema.processlist \
        WHERE db = database() AND state LIKE 'Waiting for table metadata lock'";
    let Some(harness) = Harness::new().await else {
        return;
    };
    let store = harness.store().await;
    let poll = poll(&store).await;
    let mut other = harness.connection().await;
    let pool = harness.pool().await;
    other.run("LOCK TABLES votify_polls WRITE").await.unwrap();
    let (filter, page) = (PollFilter::all(), PageRequest::FIRST);
    for _ in 0..6 {
        let list = store.list_polls(&filter, &page, NOW);
        let list = timeout(Duration::from_millis(200), list).await;
        assert!(list.is_err(), "{list:?}");
    }
    assert_eq!(query_integer(&pool, WAITING).await, 3);
    other.run("UNLOCK TABLES").await.unwrap();
    let listed = store.list_polls(&filter, &page, NOW).await.unwrap();
    assert_eq!(listed.items[0].poll.id, poll.id);
}
