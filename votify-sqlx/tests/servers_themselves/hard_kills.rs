//! That a kill is a hard one: a server loses what it acknowledged and had not handed on, if it is told to be so
//! careless, and nothing by default. Without the first half the second would show nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::servers::{Connection, Kind, Server};

/// Commits rows one by one until the server is gone, and counts those that were acknowledged.
async fn commit(mut connection: Connection, acknowledged: Arc<AtomicU64>) {
    for number in 1.. {
        let insert = format!("INSERT INTO things VALUES ({number})");
        if connection.run(insert).await.is_err() {
            return;
        }
        acknowledged.store(number, Ordering::SeqCst);
    }
}

/// How many acknowledged rows are not there after a kill in the midst of commits, and how many were.
async fn lost_in_a_kill(server: &mut Server) -> (u64, u64) {
    let mut connection = server.connection().await;
    for statement in [
        "DROP TABLE IF EXISTS things",
        "CREATE TABLE things (number BIGINT PRIMARY KEY)",
    ] {
        connection.run(statement).await.unwrap();
    }
    let acknowledged = Arc::new(AtomicU64::new(0));
    let committing = tokio::spawn(commit(connection, acknowledged.clone()));
    sleep(Duration::from_millis(700)).await;
    server.kill();
    committing.await.unwrap();
    server.start().await;

    let acknowledged = acknowledged.load(Ordering::SeqCst);
    assert!(acknowledged > 0, "nothing was committed before the kill");
    let mut connection = server.connection().await;
    let count =
        format!("SELECT CAST(COUNT(*) AS CHAR(20)) FROM things WHERE number <= {acknowledged}");
    let kept = connection.texts(count).await.unwrap().concat();
    let kept: u64 = kept.trim().parse().unwrap();
    (acknowledged - kept, acknowledged)
}

const ROUNDS: usize = 3;

async fn lost(kind: Kind, settings: &[&str]) -> Option<Vec<(u64, u64)>> {
    let mut server = Server::of(kind, settings).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(lost_in_a_kill(&mut server).await);
    }
    println!("{kind:?} {settings:?}: (lost, acknowledged) {rounds:?}");
    Some(rounds)
}

/// One round is enough to show it; luck may have a server write just before the kill.
async fn loses(kind: Kind, settings: &[&str]) {
    if let Some(rounds) = lost(kind, settings).await {
        assert!(rounds.iter().any(|(lost, _)| *lost > 0), "{rounds:?}");
    }
}

async fn loses_nothing(kind: Kind) {
    if let Some(rounds) = lost(kind, &[]).await {
        assert!(rounds.iter().all(|(lost, _)| *lost == 0), "{rounds:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_server_of_postgres_loses_nothing_that_it_acknowledged() {
    loses_nothing(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_server_of_mariadb_loses_nothing_that_it_acknowledged() {
    loses_nothing(Kind::MySql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_server_of_postgres_with_late_commits_loses_some() {
    let careless = [
        "synchronous_commit=off",
        "wal_writer_delay=10s",
        "wal_buffers=16MB",
    ];
    loses(Kind::Postgres, &careless).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_server_of_mariadb_with_late_commits_loses_some() {
    loses(Kind::MySql, &["--innodb-flush-log-at-trx-commit=0"]).await;
}
