//! Repeated votes do not reach the store.

use std::sync::Arc;
use std::time::Duration;

use votify_core::{Ballot, Choice, Clock, MemoryStore, Outcome, Poll, Refusal, Store, SystemClock};
use votify_redis::{CacheConfig, CachedStore};
use votify_test_support::redis::Server;

use crate::counting_store::CountingStore;
use crate::harness::{ALREADY_VOTED, InnerStore, cached, cast, connect, create_poll, new_ballot};

const VOTERS: u32 = 1_000;
/// Ballots per batch. An engine collects at least as many while a batch is written.
const BATCH_SIZE: usize = 10;
const TASKS: u32 = 8;

type Instances = [Arc<CachedStore<Arc<CountingStore>>>; 2];

/// Repeats the vote of every voter `repeats` times, on both instances.
async fn repeat_votes(instances: &Instances, poll: &Poll, repeats: u32) {
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let instance = Arc::clone(&instances[task as usize % 2]);
        let poll = poll.clone();
        tasks.push(tokio::spawn(async move {
            let voters = (task..VOTERS).step_by(TASKS as usize);
            let repeated = (0..repeats).flat_map(|_| voters.clone());
            let ballots: Vec<Ballot> = repeated.map(|number| new_ballot(&poll, number)).collect();
            for batch in ballots.chunks(BATCH_SIZE) {
                let receipt = instance.cast_ballots(batch, SystemClock.now()).await;
                assert_eq!(receipt.tallies.len(), 1);
                assert_eq!(receipt.tallies[0].total_votes, u64::from(VOTERS));
                for outcome in receipt.outcomes {
                    assert_eq!(outcome.unwrap(), ALREADY_VOTED);
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// Checks that less than 1 % of the repeated votes reached the store.
fn assert_store_was_spared(store: &CountingStore, repeats: u32, phase: &str) {
    let sent = u64::from(VOTERS * repeats);
    let (ballots, calls) = (store.take_ballots(), store.take_calls());
    eprintln!("{phase}: {ballots} of {sent} repeated votes reached the store, in {calls} calls");
    assert!(ballots * 100 < sent, "{phase}: {ballots} ballots of {sent}");
    assert!(calls * 100 < sent, "{phase}: {calls} calls for {sent}");
}

fn reset_counts(store: &CountingStore) {
    let _ = (store.take_calls(), store.take_ballots());
}

async fn repeated_votes_do_not_reach_the_store(repeats: u32) {
    let Some(server) = Server::new() else {
        return;
    };
    let redis = connect(&server.url()).await;
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    // On a busy test machine, Redis may exceed the default timeout of 150 ms.
    let config = CacheConfig {
        timeout: Duration::from_secs(2),
        ..CacheConfig::default()
    };
    let instance = || {
        let cached = CachedStore::with_config(Arc::clone(&store), redis.clone(), config.clone());
        Arc::new(cached)
    };
    let instances = [instance(), instance()];
    let poll = create_poll(&*instances[0]).await;
    for number in 0..VOTERS {
        let instance = &instances[number as usize % 2];
        let outcome = cast(&**instance, &new_ballot(&poll, number)).await;
        assert!(matches!(outcome, Outcome::Counted { .. }), "{outcome:?}");
    }
    for instance in &instances {
        instance.flush().await;
    }
    reset_counts(&store);
    repeat_votes(&instances, &poll, repeats).await;
    assert_store_was_spared(&store, repeats, "after the votes");

    // After a flush, each voter's next vote reaches the store once and fills the cache.
    server.flush();
    reset_counts(&store);
    for number in 0..VOTERS {
        let instance = &instances[number as usize % 2];
        let outcome = cast(&**instance, &new_ballot(&poll, number)).await;
        assert_eq!(outcome, ALREADY_VOTED);
    }
    for instance in &instances {
        instance.flush().await;
    }
    assert_eq!(store.take_ballots(), u64::from(VOTERS));
    reset_counts(&store);
    repeat_votes(&instances, &poll, repeats).await;
    assert_store_was_spared(&store, repeats, "after a flush");
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact());
    assert_eq!(audit.stored.total_votes, u64::from(VOTERS));
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_votes_of_1000_voters_20_times_do_not_reach_the_store() {
    repeated_votes_do_not_reach_the_store(20).await;
}

mod endurance {
    #[tokio::test(flavor = "multi_thread")]
    async fn repeated_votes_of_1000_voters_200_times_do_not_reach_the_store() {
        super::repeated_votes_do_not_reach_the_store(200).await;
    }
}

/// All other ballots reach the store and have the store's outcomes.
#[tokio::test(flavor = "multi_thread")]
async fn only_certain_refusals_skip_the_store() {
    let Some(server) = Server::new() else {
        return;
    };
    let redis = connect(&server.url()).await;
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    let inner: InnerStore = store.clone();
    let cached = cached(&inner, &redis);
    let poll = create_poll(&cached).await;
    let first = new_ballot(&poll, 1);
    let counted = Outcome::Counted { revision: 1 };
    assert_eq!(cast(&cached, &first).await, counted);
    cached.flush().await;
    let _ = store.take_ballots();
    // The same ballot again is a replay.
    let replayed = Outcome::Replayed { revision: 1 };
    assert_eq!(cast(&cached, &first).await, replayed);
    // The same id with another choice.
    let reused = Ballot {
        choice: Choice::one(poll.options[0].id),
        ..first.clone()
    };
    let refused = Outcome::Refused(Refusal::BallotIdReused);
    assert_eq!(cast(&cached, &reused).await, refused);
    assert_eq!(store.take_ballots(), 2);
    assert_eq!(cast(&cached, &new_ballot(&poll, 1)).await, ALREADY_VOTED);
    assert_eq!(store.take_ballots(), 0, "a repeated vote reached the store");
    // Other refusals of a voter who has voted.
    let withdrawal = Ballot {
        choice: Choice::withdraw(),
        ..new_ballot(&poll, 1)
    };
    let refused = Outcome::Refused(Refusal::RevoteNotAllowed);
    assert_eq!(cast(&cached, &withdrawal).await, refused);
    let invalid = Ballot {
        choice: Choice::several([poll.options[0].id]),
        ..new_ballot(&poll, 1)
    };
    let outcome = cast(&cached, &invalid).await;
    assert!(
        matches!(outcome, Outcome::Refused(Refusal::Invalid(_))),
        "{outcome:?}"
    );
    assert_eq!(store.take_ballots(), 0);
    // A mixed batch has its outcomes in order, and its new vote counts.
    let batch = [
        new_ballot(&poll, 1),
        new_ballot(&poll, 2),
        first.clone(),
        new_ballot(&poll, 2),
        new_ballot(&poll, 1),
    ];
    let receipt = cached.cast_ballots(&batch, SystemClock.now()).await;
    let outcomes: Vec<_> = receipt.outcomes.into_iter().map(Result::unwrap).collect();
    let expected = [
        ALREADY_VOTED,
        Outcome::Counted { revision: 2 },
        Outcome::Replayed { revision: 1 },
        ALREADY_VOTED,
        ALREADY_VOTED,
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(receipt.tallies.len(), 1);
    assert_eq!(receipt.tallies[0].position.revision, 2);
    assert_eq!(store.take_ballots(), 3);
}
