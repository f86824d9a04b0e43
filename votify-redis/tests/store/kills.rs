//! The server is killed again and again while votes come in.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::time::{Instant, sleep};
use votify_core::Clock;
use votify_core::ballot::ActiveBallot;
use votify_core::store::Durability;
use votify_core::{Ballot, BallotId, Outcome, PollEngine, PollId, Position, Store, SystemClock};

use crate::load::Load;
use crate::scene::{open, poll};
use crate::servers::{Server, Setup};

const KILLS: u64 = 50;
/// How soon after the server is back votes must be counted again.
const RECOVERY: Duration = Duration::from_secs(5);

/// Votes that were acknowledged and are gone.
#[derive(Debug)]
struct Lost {
    votes: usize,
    at_kill: u64,
}

async fn killed(server: &mut Server, worth: Durability) -> Result<(), Lost> {
    let store = Arc::new(open(&server.url()).await);
    assert_eq!(store.durability(), worth);
    assert_eq!(
        (*store).clone().require_durable().is_ok(),
        worth.is_durable()
    );
    let engine = PollEngine::new(Arc::clone(&store) as Arc<dyn Store>);
    let poll = poll(&engine).await;
    // The poll at least is safe, however forgetful the server.
    server.stop();
    server.start();
    let load = Load::start(&engine, &poll, 16);
    let mut last = Position::START;
    for kill in 0..KILLS {
        sleep(Duration::from_millis(20 + kill * 37 % 150)).await;
        let acknowledged = load.acknowledged();
        server.kill();
        server.start();
        counts_again(&load).await;
        let kept = kept(&*store, poll.id).await;
        let votes = missing(&kept, &acknowledged);
        if votes > 0 {
            return Err(Lost {
                votes,
                at_kill: kill,
            });
        }
        let tally = store.tallies(&[poll.id]).await.unwrap().remove(0).unwrap();
        assert!(tally.position > last, "{} after {last}", tally.position);
        last = tally.position;
        replayed(&*store, &kept).await;
    }
    let retries = load.retries();
    let acknowledged = load.stop().await;
    let kept = kept(&*store, poll.id).await;
    assert_eq!(missing(&kept, &acknowledged), 0);
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
    // Everybody went on until they knew, so that there is nobody else to be counted.
    let total = usize::try_from(audit.stored.total_votes);
    assert_eq!(total, Ok(acknowledged.len()));
    eprintln!("{KILLS} kills, {total:?} votes, {retries} times told to try again");
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

async fn kept(store: &dyn Store, poll: PollId) -> Vec<ActiveBallot> {
    store.ballots(poll).try_collect().await.unwrap()
}

fn missing(kept: &[ActiveBallot], acknowledged: &[BallotId]) -> usize {
    let kept: HashSet<BallotId> = kept.iter().map(|kept| kept.ballot.id).collect();
    acknowledged.iter().filter(|id| !kept.contains(id)).count()
}

/// Whoever sends a ballot again is told what it did.
async fn replayed(store: &dyn Store, kept: &[ActiveBallot]) {
    let some = &kept[kept.len().saturating_sub(500)..];
    let ballots: Vec<Ballot> = some.iter().map(|kept| kept.ballot.clone()).collect();
    let receipt = store.cast_ballots(&ballots, SystemClock.now()).await;
    for (kept, outcome) in some.iter().zip(receipt.outcomes) {
        let revision = kept.revision;
        assert_eq!(outcome.unwrap(), Outcome::Replayed { revision });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_by_kills_of_a_private_server() {
    let Some(mut server) = Server::of(Setup::new().append_only("always")) else {
        return;
    };
    killed(&mut server, Durability::PowerLoss).await.unwrap();
}

/// Shows that the test above would notice: this server keeps votes in memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_lost_is_noticed() {
    let Some(mut server) = Server::of(Setup::new().setting("save", "3600 1")) else {
        return;
    };
    let lost = killed(&mut server, Durability::LastSnapshot).await;
    let lost = lost.expect_err("a server that keeps votes in memory loses some");
    eprintln!("{lost:?}");
    assert!(lost.votes > 0 && lost.at_kill < KILLS);
}
