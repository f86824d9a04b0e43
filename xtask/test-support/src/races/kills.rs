//! The server is killed again and again under load.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::time::{Instant, sleep};
use votify_core::ballot::ActiveBallot;
use votify_core::{
    Ballot, BallotId, Clock, Outcome, Poll, PollEngine, PollId, Position, Store, SystemClock,
};

use super::Load;

/// How soon after a restart a vote must be acknowledged.
const RECOVERY_LIMIT: Duration = Duration::from_secs(5);
/// How many stored ballots are cast again after each kill.
const REPLAYED: usize = 500;
/// Tasks that vote during the kills.
const TASKS: usize = 16;

/// Acknowledged votes that the store no longer has.
#[derive(Debug)]
pub struct LostVotes {
    /// How many votes were lost.
    pub votes: usize,
    /// The number of the kill that lost them, counted from 0.
    pub kill: u64,
}

/// Kills the server `kills` times while votes are cast, and checks that no acknowledged
/// vote is lost.
///
/// `kill_and_restart` gets the number of the kill and returns when the server answers
/// again.
///
/// # Errors
/// Returns how many votes were lost, as soon as votes are lost.
///
/// # Panics
/// Panics if no vote is acknowledged within 5 s of a restart, a position decreases, a
/// stored ballot is not replayed, or the counts are not exact at the end.
pub async fn acknowledged_votes_survive(
    store: &dyn Store,
    engine: &PollEngine,
    poll: &Arc<Poll>,
    kills: u64,
    mut kill_and_restart: impl AsyncFnMut(u64),
) -> Result<(), LostVotes> {
    let load = Load::start(engine, poll, TASKS);
    let mut last = Position::START;
    for kill in 0..kills {
        sleep(Duration::from_millis(20 + kill * 37 % 150)).await;
        let acknowledged = load.acknowledged();
        kill_and_restart(kill).await;
        wait_for_vote(&load).await;
        let stored = stored_ballots(store, poll.id).await;
        let votes = count_missing(&stored, &acknowledged);
        if votes > 0 {
            return Err(LostVotes { votes, kill });
        }
        let tally = store.tallies(&[poll.id]).await.unwrap().remove(0).unwrap();
        assert!(tally.position > last, "{} after {last}", tally.position);
        last = tally.position;
        assert_replayed(store, &stored).await;
    }
    let retries = load.retries();
    let acknowledged = load.stop().await;
    let stored = stored_ballots(store, poll.id).await;
    let votes = count_missing(&stored, &acknowledged);
    if votes > 0 {
        return Err(LostVotes { votes, kill: kills });
    }
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact(), "{audit:?}");
    // Every ballot was cast until it was acknowledged, so the poll has no other votes.
    let total = usize::try_from(audit.stored.total_votes);
    assert_eq!(total, Ok(acknowledged.len()));
    eprintln!(
        "{kills} kills, {} votes, {retries} retries",
        acknowledged.len()
    );
    Ok(())
}

async fn wait_for_vote(load: &Load) {
    let (before, since) = (load.acknowledged().len(), Instant::now());
    while load.acknowledged().len() == before {
        assert!(
            since.elapsed() < RECOVERY_LIMIT,
            "no vote was acknowledged for {RECOVERY_LIMIT:?}"
        );
        sleep(Duration::from_millis(5)).await;
    }
}

async fn stored_ballots(store: &dyn Store, poll: PollId) -> Vec<ActiveBallot> {
    store.ballots(poll).try_collect().await.unwrap()
}

fn count_missing(stored: &[ActiveBallot], acknowledged: &[BallotId]) -> usize {
    let stored: HashSet<BallotId> = stored.iter().map(|active| active.ballot.id).collect();
    let missing = acknowledged.iter().filter(|id| !stored.contains(id));
    missing.count()
}

/// Casts the last stored ballots again and checks that each is replayed at its revision.
async fn assert_replayed(store: &dyn Store, stored: &[ActiveBallot]) {
    let last = &stored[stored.len().saturating_sub(REPLAYED)..];
    let ballots: Vec<Ballot> = last.iter().map(|active| active.ballot.clone()).collect();
    let receipt = store.cast_ballots(&ballots, SystemClock.now()).await;
    for (active, outcome) in last.iter().zip(receipt.outcomes) {
        let revision = active.revision;
        assert_eq!(outcome.unwrap(), Outcome::Replayed { revision });
    }
}
