//! Who has voted already does not reach the database by voting again and again.

use std::sync::Arc;
use std::time::Duration;

use votify_core::{Ballot, Choice, Clock, MemoryStore, Outcome, Poll, Refusal, Store, SystemClock};
use votify_redis::{CacheConfig, CachedStore};

use crate::counting::CountingStore;
use crate::scene::{ALREADY_VOTED, Behind, apart, cast, fresh, lunch};
use crate::servers::Server;

const VOTERS: u32 = 1_000;
const REPEATS: u32 = 200;
/// As many as come together while a batch is written, or fewer.
const BATCH: usize = 10;

type Instances = [Arc<CachedStore<Arc<CountingStore>>>; 2];

async fn flood(instances: &Instances, poll: &Poll) {
    let mut floods = Vec::new();
    for part in 0..8_u32 {
        let instance = Arc::clone(&instances[part as usize % 2]);
        let poll = poll.clone();
        floods.push(tokio::spawn(async move {
            let own = (part..VOTERS).step_by(8);
            let repeats = (0..REPEATS).flat_map(|_| own.clone());
            let ballots: Vec<Ballot> = repeats.map(|number| fresh(&poll, number)).collect();
            for batch in ballots.chunks(BATCH) {
                let receipt = instance.cast_ballots(batch, SystemClock.now()).await;
                assert_eq!(receipt.tallies.len(), 1);
                assert_eq!(receipt.tallies[0].total_votes, u64::from(VOTERS));
                for outcome in receipt.outcomes {
                    assert_eq!(outcome.unwrap(), ALREADY_VOTED);
                }
            }
        }));
    }
    for flood in floods {
        flood.await.unwrap();
    }
}

fn assert_spared(store: &CountingStore, when: &str) {
    let sent = u64::from(VOTERS * REPEATS);
    let (ballots, calls) = (store.ballots_seen(), store.calls_seen());
    eprintln!(
        "{when}: of {sent} repeated votes {ballots} reached the store, in {calls} calls of any kind"
    );
    assert!(ballots * 100 < sent, "{when}: {ballots} ballots of {sent}");
    assert!(calls * 100 < sent, "{when}: {calls} calls for {sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_votes_do_not_reach_the_store() {
    let Some(server) = Server::plain() else {
        return;
    };
    let redis = apart(&server.url()).await;
    let store = CountingStore::of(Arc::new(MemoryStore::new()));
    // Where many tests compile and run, Redis may take longer than a voter should wait.
    let config = CacheConfig {
        patience: Duration::from_secs(2),
        ..CacheConfig::default()
    };
    let instance = || {
        let cached = CachedStore::with_config(Arc::clone(&store), redis.clone(), config.clone());
        Arc::new(cached)
    };
    let instances = [instance(), instance()];
    let poll = lunch(&*instances[0]).await;
    for number in 0..VOTERS {
        let instance = &instances[number as usize % 2];
        let outcome = cast(&**instance, &fresh(&poll, number)).await;
        assert!(matches!(outcome, Outcome::Counted { .. }), "{outcome:?}");
    }
    for instance in &instances {
        instance.settled().await;
    }
    let _ = (store.calls_seen(), store.ballots_seen());
    flood(&instances, &poll).await;
    assert_spared(&store, "after the votes");

    // All is forgotten: each voter's next vote reaches the store once, and that is learned from.
    server.flush();
    let _ = (store.calls_seen(), store.ballots_seen());
    for number in 0..VOTERS {
        let instance = &instances[number as usize % 2];
        assert_eq!(
            cast(&**instance, &fresh(&poll, number)).await,
            ALREADY_VOTED
        );
    }
    for instance in &instances {
        instance.settled().await;
    }
    assert_eq!(store.ballots_seen(), u64::from(VOTERS));
    let _ = store.calls_seen();
    flood(&instances, &poll).await;
    assert_spared(&store, "after a flush");
    let audit = store.audit_poll(poll.id).await.unwrap();
    assert!(audit.is_exact());
    assert_eq!(audit.stored.total_votes, u64::from(VOTERS));
}

/// What is no repetition by somebody who is known reaches the store, and is answered as the store does.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_certain_is_refused() {
    let Some(server) = Server::plain() else {
        return;
    };
    let redis = apart(&server.url()).await;
    let store = CountingStore::of(Arc::new(MemoryStore::new()));
    let behind: Behind = store.clone();
    let cached = crate::scene::cached(&behind, &redis);
    let poll = lunch(&cached).await;
    let first = fresh(&poll, 1);
    assert_eq!(
        cast(&cached, &first).await,
        Outcome::Counted { revision: 1 }
    );
    cached.settled().await;
    let _ = store.ballots_seen();
    // The same ballot again is a replay.
    assert_eq!(
        cast(&cached, &first).await,
        Outcome::Replayed { revision: 1 }
    );
    // The same id with another choice.
    let reused = Ballot {
        choice: Choice::one(poll.options[0].id),
        ..first.clone()
    };
    let refused = Outcome::Refused(Refusal::BallotIdReused);
    assert_eq!(cast(&cached, &reused).await, refused);
    assert_eq!(store.ballots_seen(), 2);
    assert_eq!(cast(&cached, &fresh(&poll, 1)).await, ALREADY_VOTED);
    assert_eq!(store.ballots_seen(), 0, "this did not reach the store");
    // What else the rule says of somebody who has voted, in its order.
    let back = Ballot {
        choice: Choice::withdraw(),
        ..fresh(&poll, 1)
    };
    let refused = Outcome::Refused(Refusal::RevoteNotAllowed);
    assert_eq!(cast(&cached, &back).await, refused);
    let misfit = Ballot {
        choice: Choice::several([poll.options[0].id]),
        ..fresh(&poll, 1)
    };
    let outcome = cast(&cached, &misfit).await;
    assert!(
        matches!(outcome, Outcome::Refused(Refusal::Invalid(_))),
        "{outcome:?}"
    );
    assert_eq!(store.ballots_seen(), 0);
    // One batch with all kinds: outcomes in order, and the others are counted.
    let batch = [
        fresh(&poll, 1),
        fresh(&poll, 2),
        first.clone(),
        fresh(&poll, 2),
        fresh(&poll, 1),
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
    assert_eq!(store.ballots_seen(), 3);
}
