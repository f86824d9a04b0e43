//! The server is killed again and again while votes are cast.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use votify_core::PollEngine;
use votify_test_support::races::create_poll;
use votify_test_support::races::kills::{LostVotes, acknowledged_votes_survive};
use votify_test_support::sql::{Server, ServerKind};

use super::{on_each_server, open};

/// Two kills are one of each kind on PostgreSQL.
const KILLS: u64 = 2;
const ENDURANCE_KILLS: u64 = 50;

/// On PostgreSQL, kills one client's process and the whole server in turn. MariaDB has
/// one process only.
async fn vote_during_kills(
    kind: ServerKind,
    server: &mut Server,
    kills: u64,
) -> Result<(), LostVotes> {
    let store = open(kind, server.url()).await;
    let engine = PollEngine::new(Arc::clone(&store));
    let poll = create_poll(&engine).await;
    // Writes the poll to disk, whatever the server's settings.
    server.stop();
    server.start().await;
    acknowledged_votes_survive(&*store, &engine, &poll, kills, async |kill| {
        if kind == ServerKind::Postgres && kill % 2 == 1 {
            server.kill_backend().await;
            // PostgreSQL detects the kill within milliseconds, and only then stops
            // accepting connections.
            sleep(Duration::from_millis(20)).await;
            server.wait_until_ready().await.unwrap();
        } else {
            server.kill();
            server.start().await;
        }
    })
    .await?;
    engine.shutdown().await;
    Ok(())
}

async fn assert_nothing_is_lost(kind: ServerKind, kills: u64) {
    let Some(mut server) = Server::new(kind, &[]).await else {
        return;
    };
    vote_during_kills(kind, &mut server, kills).await.unwrap();
}

on_each_server!(
    acknowledged_votes_survive_kills_of_a_private_server:
        assert_nothing_is_lost(KILLS)
);
on_each_server!(
    acknowledged_votes_survive_kills_of_a_private_server_endurance:
        assert_nothing_is_lost(ENDURANCE_KILLS)
);

/// Shows that the test above detects lost votes: this server acknowledges commits that
/// are only in its memory.
async fn assert_losses_are_detected(kind: ServerKind) {
    let settings: &[&str] = match kind {
        ServerKind::Postgres => &["synchronous_commit=off", "wal_writer_delay=10s"],
        ServerKind::MySql => &["--innodb-flush-log-at-trx-commit=0"],
    };
    let Some(mut server) = Server::new(kind, settings).await else {
        return;
    };
    let lost = vote_during_kills(kind, &mut server, ENDURANCE_KILLS).await;
    let lost = lost.expect_err("a server with commits in memory loses votes");
    eprintln!("{kind:?}: {lost:?}");
    assert!(lost.votes > 0 && lost.kill < ENDURANCE_KILLS);
}

on_each_server!(
    losses_of_a_private_server_without_durability_are_detected:
        assert_losses_are_detected()
);
