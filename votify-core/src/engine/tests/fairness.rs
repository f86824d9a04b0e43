//! What a hot poll does to the others, and a slow store to all of them.

use tokio::task::JoinHandle;

use super::gated::Gated;
use super::*;
use crate::engine::EngineError;

type Vote = JoinHandle<Result<crate::VoteReceipt, EngineError>>;

fn world(store: &Arc<Gated>, adjust: impl FnOnce(&mut EngineConfig)) -> World {
    let mut config = config();
    adjust(&mut config);
    World::with(Arc::clone(store) as Arc<dyn Store>, |builder| {
        builder.config(config)
    })
}

/// A vote of some browser.
fn vote(world: &World, poll: &Arc<Poll>, voter: u16) -> Vote {
    let (engine, poll) = (world.engine.clone(), Arc::clone(poll));
    let mut session = [0; 16];
    session[..2].copy_from_slice(&voter.to_be_bytes());
    let voter = Caller::session(SessionId::from_bytes(session));
    tokio::spawn(async move { engine.vote(poll.id, &voter, first(&poll)).await })
}

/// Votes that wait, or were turned away.
async fn votes(world: &World, poll: &Arc<Poll>, voters: std::ops::Range<u16>) -> Vec<Vote> {
    let votes = voters.map(|voter| vote(world, poll, voter)).collect();
    settle().await;
    votes
}

/// Lets everything happen that can happen.
async fn settle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

/// One batch of one ballot is on its way to the store, so that all others wait.
async fn stuck(world: &World, poll: &Arc<Poll>) -> Vote {
    let vote = vote(world, poll, u16::MAX);
    settle().await;
    vote
}

#[tokio::test]
async fn a_hot_poll_is_turned_away_while_a_thousand_quiet_ones_are_taken_in() {
    let store = Gated::new();
    let world = world(&store, |config| config.max_queued_ballots = 2_000);
    let hot = world.lunch().await;
    let stuck = stuck(&world, &hot).await;
    let flood = votes(&world, &hot, 0..3_000).await;
    let mut quiet = Vec::new();
    for _ in 0..1_000 {
        let poll = world.lunch().await;
        quiet.push(vote(&world, &poll, 0));
    }
    settle().await;
    store.gate.add_permits(100);
    for vote in quiet {
        vote.await.unwrap().unwrap();
    }
    let (mut counted, mut turned_away) = (0, 0);
    for vote in flood {
        match vote.await.unwrap() {
            Ok(_) => counted += 1,
            Err(EngineError::Overloaded { .. }) => turned_away += 1,
            Err(other) => panic!("{other}"),
        }
    }
    stuck.await.unwrap().unwrap();
    assert_eq!((counted, turned_away), (2_000, 1_000));
}

#[tokio::test]
async fn a_quiet_poll_does_not_wait_behind_a_hot_one() {
    let store = Gated::new();
    let world = world(&store, |config| config.max_batch_size = 50);
    let (hot, quiet) = (world.lunch().await, world.lunch().await);
    let stuck = stuck(&world, &hot).await;
    let flood = votes(&world, &hot, 0..500).await;
    let late = vote(&world, &quiet, 0);
    settle().await;
    // The batch that is under way, and the next one.
    store.gate.add_permits(2);
    stuck.await.unwrap().unwrap();
    late.await.unwrap().unwrap();
    settle().await;
    let answered = flood.iter().filter(|vote| vote.is_finished()).count();
    assert_eq!(answered, 49);
    store.gate.add_permits(100);
    for vote in flood {
        vote.await.unwrap().unwrap();
    }
    assert_eq!(store.batches.lock().unwrap()[..3], [1, 50, 50]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_store_gets_smaller_batches_and_every_vote_is_answered() {
    let store = Gated::new();
    let world = world(&store, |_| {});
    let poll = world.lunch().await;
    store.gate.add_permits(1_000);
    *store.pace.lock().unwrap() = Duration::from_millis(3);
    // The first batch takes 1.2 s, and those after it are half as large, and half of that.
    let all = [
        votes(&world, &poll, 0..400).await,
        votes(&world, &poll, 400..700).await,
    ];
    for vote in all.into_iter().flatten() {
        vote.await.unwrap().unwrap();
    }
    let batches = store.batches.lock().unwrap().clone();
    assert_eq!(batches, [400, 200, 100]);
    // It is quick again.
    *store.pace.lock().unwrap() = Duration::ZERO;
    for round in 0..6_u16 {
        for vote in votes(
            &world,
            &poll,
            1_000 * (1 + round)..1_000 * (1 + round) + 500,
        )
        .await
        {
            vote.await.unwrap().unwrap();
        }
    }
    let largest = store.batches.lock().unwrap()[batches.len()..]
        .iter()
        .copied()
        .max();
    assert!(largest > Some(400), "it grew back: {largest:?}");
}

#[tokio::test]
async fn a_caller_who_goes_away_undoes_nothing_of_the_others_in_its_line() {
    let store = Gated::new();
    let world = world(&store, |_| {});
    let poll = world.lunch().await;
    let mut votes = vec![stuck(&world, &poll).await];
    votes.extend(self::votes(&world, &poll, 0..20).await);
    for gone in [3, 4, 20] {
        votes[gone].abort();
    }
    store.gate.add_permits(10);
    for (n, vote) in votes.into_iter().enumerate() {
        assert_eq!(vote.await.is_ok(), ![3, 4, 20].contains(&n), "{n}");
    }
    let kept = world.engine.audit_poll(poll.id).await.unwrap().stored;
    assert_eq!(kept.total_votes, 21);
}
