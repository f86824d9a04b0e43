//! A kill loses data that the server has acknowledged but not handed to the operating
//! system. The tests with unsafe settings show this; without them, the tests with default
//! settings would prove nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use votify_test_support::sql::{Connection, Server, ServerKind};

/// Commits rows one by one until the server is gone, and counts the acknowledged ones.
async fn commit_rows(mut connection: Connection, acknowledged: Arc<AtomicU64>) {
    for number in 1.. {
        let insert = format!("INSERT INTO things VALUES ({number})");
        if connection.run(insert).await.is_err() {
            return;
        }
        acknowledged.store(number, Ordering::SeqCst);
    }
}

/// Kills the server during commits. Returns how many acknowledged rows were lost, and how
/// many were acknowledged.
async fn count_lost_rows(server: &mut Server) -> (u64, u64) {
    let mut connection = server.connection().await;
    for statement in [
        "DROP TABLE IF EXISTS things",
        "CREATE TABLE things (number BIGINT PRIMARY KEY)",
    ] {
        connection.run(statement).await.unwrap();
    }
    let acknowledged = Arc::new(AtomicU64::new(0));
    let committing = tokio::spawn(commit_rows(connection, acknowledged.clone()));
    sleep(Duration::from_millis(700)).await;
    server.kill();
    committing.await.unwrap();
    server.start().await;

    let acknowledged = acknowledged.load(Ordering::SeqCst);
    assert!(acknowledged > 0, "nothing was committed before the kill");
    let mut connection = server.connection().await;
    let count =
        format!("SELECT CAST(COUNT(*) AS CHAR(20)) FROM things WHERE number <= {acknowledged}");
    let stored = connection.texts(count).await.unwrap().concat();
    let stored: u64 = stored.trim().parse().unwrap();
    (acknowledged - stored, acknowledged)
}

/// Kills for the tests of servers with unsafe settings. One loss suffices: a server may
/// happen to write just before a kill.
const MAX_KILLS: usize = 3;

async fn assert_rows_are_lost(kind: ServerKind, settings: &[&str]) {
    let Some(mut server) = Server::new(kind, settings).await else {
        return;
    };
    let mut counts = Vec::new();
    for _ in 0..MAX_KILLS {
        let (lost, acknowledged) = count_lost_rows(&mut server).await;
        if lost > 0 {
            return;
        }
        counts.push((lost, acknowledged));
    }
    panic!("{kind:?} lost nothing: {counts:?}");
}

async fn assert_nothing_is_lost(kind: ServerKind, kills: usize) {
    let Some(mut server) = Server::new(kind, &[]).await else {
        return;
    };
    for _ in 0..kills {
        let (lost, acknowledged) = count_lost_rows(&mut server).await;
        assert_eq!(lost, 0, "of {acknowledged}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_server_of_postgres_loses_no_acknowledged_rows() {
    assert_nothing_is_lost(ServerKind::Postgres, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_server_of_mariadb_loses_no_acknowledged_rows() {
    assert_nothing_is_lost(ServerKind::MySql, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_server_of_postgres_loses_no_acknowledged_rows_endurance() {
    assert_nothing_is_lost(ServerKind::Postgres, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_server_of_mariadb_loses_no_acknowledged_rows_endurance() {
    assert_nothing_is_lost(ServerKind::MySql, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_server_of_postgres_with_asynchronous_commits_loses_rows() {
    let settings = [
        "synchronous_commit=off",
        "wal_writer_delay=10s",
        "wal_buffers=16MB",
    ];
    assert_rows_are_lost(ServerKind::Postgres, &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_server_of_mariadb_with_asynchronous_commits_loses_rows() {
    assert_rows_are_lost(ServerKind::MySql, &["--innodb-flush-log-at-trx-commit=0"]).await;
}
