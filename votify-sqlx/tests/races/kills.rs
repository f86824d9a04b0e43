//! The server is killed again and again while votes come in.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::time::{Instant, sleep};
use votify_core::{BallotId, PollEngine, PollId, Store};

use crate::load::Load;
use crate::scene::{open, poll};
use crate::servers::{Kind, Server};

const KILLS: u64 = 50;
/// How soon after the server is back votes must be counted again.
const RECOVERY: Duration = Duration::from_secs(5);

/// Votes that were acknowledged and are gone.
#[derive(Debug)]
struct Lost {
    votes: usize,
    at_kill: u64,
}

/// PostgreSQL loses one client's process, or all of its processes, by turns; MariaDB, which has but one, all of them.
async fn killed(kind: Kind, server: &mut Server, kills: u64) -> Result<(), Lost> {
    let store = open(kind, server.url()).await;
    let engine = PollEngine::new(std::sync::Arc::clone(&store));
    let poll = poll(&engine).await;
    // The poll at least is safe, however forgetful the server.
    server.stop();
    server.start().await;
    let load = Load::start(&engine, &poll, 16);
    for kill in 0..kills {
        sleep(Duration::from_millis(20 + kill * 37 % 150)).await;
        let acknowledged = load.acknowledged();
        if kind == Kind::Postgres && kill % 2 == 1 {
            server.kill_a_backend().await;
            // The server notices within milliseconds; only then it is down.
            sleep(Duration::from_millis(20)).await;
            server.ready().await.unwrap();
        } else {
            server.kill();
            server.start().await;
        }
        counts_again(&load).await;
        let votes = missing(&*store, poll.id, &acknowledged).await;
        if votes > 0 {
            return Err(Lost {
                votes,
                at_kill: kill,
            });
        }
    }
    let retries = load.retries();
    let acknowledged = load.stop().await;
    let votes = missing(&*store, poll.id, &acknowledged).await;
    if votes > 0 {
        return Err(Lost {
            votes,
            at_kill: kills,
        });
    }
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
    // Everybody went on until they knew, so that there is nobody else to be counted.
    assert_eq!(
        usize::try_from(audit.stored.total_votes),
        Ok(acknowledged.len())
    );
    eprintln!(
        "{kind:?}: {kills} kills, {} votes, {retries} times told to try again",
        acknowledged.len()
    );
    engine.shutdown().await;
    Ok(())
}

/// Waits for the next acknowledged vote.
async fn counts_again(load: &Load) {
    let (before, since) = (load.acknowledged().len(), Instant::now());
    while load.acknowledged().len() == before {
        assert!(
            since.elapsed() < RECOVERY,
            "no vote was counted for {RECOVERY:?}"
        );
        sleep(Duration::from_millis(5)).await;
    }
}

async fn missing(store: &dyn Store, poll: PollId, acknowledged: &[BallotId]) -> usize {
    let kept: Vec<_> = store.ballots(poll).try_collect().await.unwrap();
    let kept: HashSet<BallotId> = kept.into_iter().map(|kept| kept.ballot.id).collect();
    acknowledged.iter().filter(|id| !kept.contains(id)).count()
}

async fn nothing_is_lost(kind: Kind) {
    let Some(mut server) = Server::of(kind, &[]).await else {
        return;
    };
    killed(kind, &mut server, KILLS).await.unwrap();
}

/// Shows that the test above would notice: this server acknowledges commits that only its memory holds.
async fn what_is_lost_is_noticed(kind: Kind) {
    let settings: &[&str] = match kind {
        Kind::Postgres => &["synchronous_commit=off", "wal_writer_delay=10s"],
        Kind::MySql => &["--innodb-flush-log-at-trx-commit=0"],
    };
    let Some(mut server) = Server::of(kind, settings).await else {
        return;
    };
    let lost = killed(kind, &mut server, KILLS).await;
    let lost = lost.expect_err("a server that keeps commits in memory loses some");
    eprintln!("{kind:?}: {lost:?}");
    assert!(lost.votes > 0 && lost.at_kill < KILLS);
}

mod kills_of_a_private_server {
    on_each_server!(super::nothing_is_lost);
}

mod kills_of_a_forgetful_private_server {
    on_each_server!(super::what_is_lost_is_noticed);
}
