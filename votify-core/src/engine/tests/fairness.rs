//! Fairness between polls in the queue, and batch sizes for a slow store.

use tokio::task::JoinHandle;

use super::pausable_store::PausableStore;
use super::*;
use crate::engine::EngineError;

type Vote = JoinHandle<Result<crate::VoteReceipt, EngineError>>;

fn harness(store: &Arc<PausableStore>, adjust: impl FnOnce(&mut EngineConfig)) -> Harness {
    let mut config = config();
    adjust(&mut config);
    Harness::with(Arc::clone(store) as Arc<dyn Store>, |builder| {
        builder.config(config)
    })
}

/// Spawns the vote of one browser.
fn vote(harness: &Harness, poll: &Arc<Poll>, voter: u16) -> Vote {
    let (engine, poll) = (harness.engine.clone(), Arc::clone(poll));
    let mut session = [0; 16];
    session[..2].copy_from_slice(&voter.to_be_bytes());
    let voter = Caller::session(SessionId::from_bytes(session));
    tokio::spawn(async move { engine.vote(poll.id, &voter, first_option(&poll)).await })
}

/// Spawns the votes of a range of browsers, and waits until each is queued or rejected.
async fn votes(harness: &Harness, poll: &Arc<Poll>, voters: std::ops::Range<u16>) -> Vec<Vote> {
    let votes = voters.map(|voter| vote(harness, poll, voter)).collect();
    run_other_tasks().await;
    votes
}

/// Lets all other tasks run until they wait.
async fn run_other_tasks() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

/// Blocks the writer with a batch of one ballot, so that all later ballots are queued.
async fn block_writer(harness: &Harness, poll: &Arc<Poll>) -> Vote {
    let vote = vote(harness, poll, u16::MAX);
    run_other_tasks().await;
    vote
}

// Paused: on a busy machine, the ballots would wait longer than the store's timeout.
#[tokio::test(start_paused = true)]
async fn hot_poll_is_rejected_while_a_thousand_quiet_polls_are_queued() {
    let store = PausableStore::new();
    let harness = harness(&store, |config| config.max_queued_ballots = 2_000);
    let hot = harness.create_poll().await;
    let blocked = block_writer(&harness, &hot).await;
    let burst = votes(&harness, &hot, 0..3_000).await;
    let mut quiet = Vec::new();
    for _ in 0..1_000 {
        let poll = harness.create_poll().await;
        quiet.push(vote(&harness, &poll, 0));
    }
    run_other_tasks().await;
    store.cast_permits.add_permits(100);
    for vote in quiet {
        vote.await.unwrap().unwrap();
    }
    let (mut counted, mut rejected) = (0, 0);
    for vote in burst {
        match vote.await.unwrap() {
            Ok(_) => counted += 1,
            Err(EngineError::Overloaded { .. }) => rejected += 1,
            Err(other) => panic!("{other}"),
        }
    }
    blocked.await.unwrap().unwrap();
    assert_eq!((counted, rejected), (2_000, 1_000));
}

#[tokio::test]
async fn quiet_poll_is_in_the_next_batch_beside_a_hot_poll() {
    let store = PausableStore::new();
    let harness = harness(&store, |config| config.max_batch_size = 50);
    let (hot, quiet) = (harness.create_poll().await, harness.create_poll().await);
    let blocked = block_writer(&harness, &hot).await;
    let burst = votes(&harness, &hot, 0..500).await;
    let quiet_vote = vote(&harness, &quiet, 0);
    run_other_tasks().await;
    // The current batch and the next one.
    store.cast_permits.add_permits(2);
    blocked.await.unwrap().unwrap();
    quiet_vote.await.unwrap().unwrap();
    run_other_tasks().await;
    let answered = burst.iter().filter(|vote| vote.is_finished()).count();
    assert_eq!(answered, 49);
    store.cast_permits.add_permits(100);
    for vote in burst {
        vote.await.unwrap().unwrap();
    }
    assert_eq!(store.batch_sizes.lock().unwrap()[..3], [1, 50, 50]);
}

#[tokio::test(start_paused = true)]
async fn slow_store_gets_smaller_batches_and_every_vote_is_answered() {
    let store = PausableStore::new();
    let harness = harness(&store, |_| {});
    let poll = harness.create_poll().await;
    store.cast_permits.add_permits(1_000);
    *store.time_per_ballot.lock().unwrap() = Duration::from_millis(3);
    // The first batch takes 1.2 s, so each following one has half the size.
    let all = [
        votes(&harness, &poll, 0..400).await,
        votes(&harness, &poll, 400..700).await,
    ];
    for vote in all.into_iter().flatten() {
        vote.await.unwrap().unwrap();
    }
    let batches = store.batch_sizes.lock().unwrap().clone();
    assert_eq!(batches, [400, 200, 100]);
    // The store is fast again.
    *store.time_per_ballot.lock().unwrap() = Duration::ZERO;
    for round in 0..6_u16 {
        for vote in votes(
            &harness,
            &poll,
            1_000 * (1 + round)..1_000 * (1 + round) + 500,
        )
        .await
        {
            vote.await.unwrap().unwrap();
        }
    }
    let largest = store.batch_sizes.lock().unwrap()[batches.len()..]
        .iter()
        .copied()
        .max();
    assert!(largest > Some(400), "batches do not grow back: {largest:?}");
}

#[tokio::test]
async fn dropped_calls_do_not_affect_other_queued_ballots() {
    let store = PausableStore::new();
    let harness = harness(&store, |_| {});
    let poll = harness.create_poll().await;
    let mut votes = vec![block_writer(&harness, &poll).await];
    votes.extend(self::votes(&harness, &poll, 0..20).await);
    for index in [3, 4, 20] {
        votes[index].abort();
    }
    store.cast_permits.add_permits(10);
    for (n, vote) in votes.into_iter().enumerate() {
        assert_eq!(vote.await.is_ok(), ![3, 4, 20].contains(&n), "{n}");
    }
    let tally = harness.engine.audit_poll(poll.id).await.unwrap().stored;
    assert_eq!(tally.total_votes, 21);
}
