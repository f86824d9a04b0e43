//! No instance contradicts an earlier answer of another one, with and without Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use votify_core::poll::SealCause;
use votify_core::store::{ChangeOutcome, SealOutcome};
use votify_core::{
    Clock, MemoryStore, Outcome, Poll, PollChange, PollDraft, Refusal, Store, StoreExt, SystemClock,
};
use votify_redis::{CachedStore, Redis};
use votify_test_support::redis::Server;

use crate::counting_store::CountingStore;
use crate::harness::{
    ALREADY_VOTED, InnerStore, cached, cast, connect, create_poll, new_ballot, new_poll,
    short_lease,
};

/// Two instances on one store.
struct Pair {
    first: CachedStore<InnerStore>,
    second: Arc<CachedStore<InnerStore>>,
    store: Arc<CountingStore>,
    _servers: Vec<Server>,
}

/// Opens two instances. If `disconnected`, the first one cannot reach Redis.
async fn open_pair(disconnected: bool) -> Option<Pair> {
    let server = Server::new()?;
    let redis = connect(&server.url()).await;
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    let inner: InnerStore = store.clone();
    let mut servers = vec![server];
    let mut first_redis = redis.clone();
    if disconnected {
        let mut killed = Server::new()?;
        first_redis = Redis::connect(&killed.url()).await.unwrap();
        killed.kill();
        servers.push(killed);
    }
    Some(Pair {
        first: cached(&inner, &first_redis),
        second: Arc::new(cached(&inner, &redis)),
        store,
        _servers: servers,
    })
}

impl Pair {
    /// Creates a poll in which voter 1 has voted, and the second instance refuses another
    /// vote from the cache.
    async fn create_poll_with_cached_voter(&self) -> Poll {
        let poll = create_poll(&self.first).await;
        let outcome = cast(&*self.second, &new_ballot(&poll, 1)).await;
        assert_eq!(outcome, Outcome::Counted { revision: 1 });
        self.second.flush().await;
        let _ = self.store.take_ballots();
        let outcome = cast(&*self.second, &new_ballot(&poll, 1)).await;
        assert_eq!(outcome, ALREADY_VOTED);
        assert_eq!(self.store.take_ballots(), 0, "the store was called");
        poll
    }

    /// Repeats votes of voter 1 on the second instance while `change` runs on the first.
    /// Every vote that starts after the change must have the outcome `expected`.
    async fn assert_not_contradicted(
        &self,
        poll: &Poll,
        change: impl Future<Output = ()>,
        expected: Outcome,
    ) {
        let (changed, stop) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let voter = {
            let second = Arc::clone(&self.second);
            let (poll, expected) = (poll.clone(), expected.clone());
            let (changed, stop) = (Arc::clone(&changed), Arc::clone(&stop));
            tokio::spawn(async move {
                let (mut before, mut after) = (0, 0);
                while !stop.load(Ordering::SeqCst) {
                    let is_after = changed.load(Ordering::SeqCst);
                    let outcome = cast(&*second, &new_ballot(&poll, 1)).await;
                    if is_after {
                        assert_eq!(outcome, expected);
                        after += 1;
                    } else {
                        assert!(
                            outcome == ALREADY_VOTED || outcome == expected,
                            "{outcome:?}"
                        );
                        before += 1;
                    }
                }
                assert!(before > 0 && after > 0, "{before} {after}");
            })
        };
        tokio::time::sleep(Duration::from_millis(150)).await;
        change.await;
        changed.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.store(true, Ordering::SeqCst);
        voter.await.unwrap();
    }
}

async fn changes_are_not_contradicted(disconnected: bool) {
    let Some(pair) = open_pair(disconnected).await else {
        return;
    };
    let poll = pair.create_poll_with_cached_voter().await;
    let seal = async {
        let sealed = pair
            .first
            .seal_poll(poll.id, SealCause::Owner, SystemClock.now());
        assert!(matches!(sealed.await.unwrap(), SealOutcome::Sealed(_)));
    };
    let closed = Outcome::Refused(Refusal::Closed);
    pair.assert_not_contradicted(&poll, seal, closed.clone())
        .await;

    let poll = pair.create_poll_with_cached_voter().await;
    let delete = async { pair.first.delete_poll(poll.id).await.unwrap() };
    let not_found = Outcome::Refused(Refusal::PollNotFound);
    pair.assert_not_contradicted(&poll, delete, not_found).await;

    // The edit sets a deadline that has passed when the edit returns.
    let poll = pair.create_poll_with_cached_voter().await;
    let edit = async {
        let closes_at = SystemClock.now().saturating_add(Duration::from_millis(1));
        let change = PollChange {
            closes_at: Some(Some(closes_at)),
            ..PollChange::default()
        };
        let changed = pair.first.change_poll(poll.id, &change, SystemClock.now());
        assert!(matches!(changed.await.unwrap(), ChangeOutcome::Changed(_)));
        SystemClock.sleep_until(closes_at).await;
    };
    pair.assert_not_contradicted(&poll, edit, closed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_not_contradicted_with_redis() {
    changes_are_not_contradicted(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_disconnected_instance_are_not_contradicted() {
    changes_are_not_contradicted(true).await;
}

/// A repair raises the epoch, which invalidates fingerprints. The next vote restores
/// them.
#[tokio::test(flavor = "multi_thread")]
async fn new_epoch_invalidates_fingerprints() {
    for disconnected in [false, true] {
        let Some(pair) = open_pair(disconnected).await else {
            return;
        };
        let poll = pair.create_poll_with_cached_voter().await;
        let repaired = pair.first.repair_poll(poll.id).await.unwrap();
        let _ = pair.store.take_ballots();
        let outcome = cast(&*pair.second, &new_ballot(&poll, 1)).await;
        assert_eq!(outcome, ALREADY_VOTED);
        assert_eq!(pair.store.take_ballots(), 1, "the store was not called");
        pair.second.flush().await;
        let now = SystemClock.now();
        let receipt = pair.second.cast_ballots(&[new_ballot(&poll, 1)], now).await;
        assert_eq!(pair.store.take_ballots(), 0, "the store was called");
        assert_eq!(receipt.tallies, [repaired]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_polls_are_served_from_the_cache() {
    let Some(pair) = open_pair(false).await else {
        return;
    };
    let poll = pair.create_poll_with_cached_voter().await;
    let sealed = pair
        .first
        .seal_poll(poll.id, SealCause::Owner, SystemClock.now());
    let SealOutcome::Sealed(final_tally) = sealed.await.unwrap() else {
        panic!("the owner could not seal the poll");
    };
    let started = Instant::now();
    let _ = pair.store.take_calls();
    let mut reads: u32 = 0;
    while started.elapsed() < 10 * short_lease().lease {
        let tallies = pair.second.tallies(&[poll.id]).await.unwrap();
        assert_eq!(tallies, [Some(final_tally.clone())]);
        let polls = pair.second.polls(&[poll.id]).await.unwrap();
        assert!(polls[0].as_ref().unwrap().is_sealed());
        reads += 2;
    }
    // Each lease takes one load of poll and tally, and a few more until Redis has it.
    let calls = pair.store.take_calls();
    eprintln!("{reads} reads, {calls} calls of the store");
    assert!(calls < u64::from(reads) / 2, "{calls} of {reads}");
    pair.first.delete_poll(poll.id).await.unwrap();
    assert_eq!(pair.second.tallies(&[poll.id]).await.unwrap(), [None]);
    assert_eq!(pair.second.polls(&[poll.id]).await.unwrap(), [None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_are_visible_on_the_other_instance_immediately() {
    for disconnected in [false, true] {
        let Some(pair) = open_pair(disconnected).await else {
            return;
        };
        let poll = new_poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]));
        pair.first.create_poll(&poll).await.unwrap();
        for round in 0..10 {
            // Most of these reads hit the cache.
            for _ in 0..3 {
                pair.second.polls(&[poll.id]).await.unwrap();
                pair.second.flush().await;
            }
            let title = format!("Lunch {round}?");
            let change = PollChange {
                title: Some(title.clone()),
                ..PollChange::default()
            };
            let changed = pair.first.change_poll(poll.id, &change, SystemClock.now());
            changed.await.unwrap();
            let polls = pair.second.polls(&[poll.id]).await.unwrap();
            assert_eq!(polls[0].as_ref().unwrap().title, title);
        }
    }
}

/// Redis is paused between a commit and its write to Redis. The write arrives after the
/// deletion of the poll.
#[tokio::test(flavor = "multi_thread")]
async fn lease_that_arrives_late_has_expired() {
    let (Some(server), Some(mut killed)) = (Server::new(), Server::new()) else {
        return;
    };
    let server = Arc::new(server);
    let first_redis = Redis::connect(&killed.url()).await.unwrap();
    killed.kill();
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    let mut config = short_lease();
    config.lease = Duration::from_secs(2);
    let instance = |redis| {
        let inner: InnerStore = store.clone();
        CachedStore::with_config(inner, redis, config.clone())
    };
    let first = instance(first_redis);
    let second = instance(connect(&server.url()).await);
    // Loads the script, so that the late write is a single command.
    cast(&second, &new_ballot(&create_poll(&first).await, 1)).await;
    second.flush().await;
    let poll = create_poll(&first).await;
    let paused = Arc::clone(&server);
    store.after_cast(move || paused.pause());
    let outcome = cast(&second, &new_ballot(&poll, 1)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 1 });
    second.flush().await;

    let started = Instant::now();
    first.delete_poll(poll.id).await.unwrap();
    assert!(
        started.elapsed() >= config.lease,
        "the deletion did not wait for the end of the lease"
    );
    server.resume();
    let deadline = Instant::now() + Duration::from_secs(60);
    let keys = format!("*{}*", poll.id);
    while server.cli(&["KEYS", &keys]).trim().is_empty() {
        assert!(Instant::now() < deadline, "the late write did not arrive");
    }
    let end = Instant::now() + config.lease / 2;
    while Instant::now() < end {
        let outcome = cast(&second, &new_ballot(&poll, 1)).await;
        assert_eq!(outcome, Outcome::Refused(Refusal::PollNotFound));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
