//! What one instance has answered, no other one contradicts, whether or not it can tell Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use votify_core::poll::SealCause;
use votify_core::store::{ChangeOutcome, SealOutcome};
use votify_core::{
    Clock, MemoryStore, Outcome, Poll, PollChange, PollDraft, Refusal, Store, SystemClock,
};
use votify_redis::{CachedStore, Redis};

use crate::counting::CountingStore;
use crate::scene::{ALREADY_VOTED, Behind, apart, brief, cached, cast, fresh, lunch, poll};
use crate::servers::Server;

/// Two instances; the first one cannot reach Redis if it is cut off.
struct Pair {
    first: CachedStore<Behind>,
    second: Arc<CachedStore<Behind>>,
    store: Arc<CountingStore>,
    _servers: Vec<Server>,
}

async fn pair(cut_off: bool) -> Option<Pair> {
    let server = Server::plain()?;
    let redis = apart(&server.url()).await;
    let store = CountingStore::of(Arc::new(MemoryStore::new()));
    let behind: Behind = store.clone();
    let mut servers = vec![server];
    let mut theirs = redis.clone();
    if cut_off {
        let mut gone = Server::plain()?;
        theirs = Redis::connect(&gone.url()).await.unwrap();
        gone.kill();
        servers.push(gone);
    }
    Some(Pair {
        first: cached(&behind, &theirs),
        second: Arc::new(cached(&behind, &redis)),
        store,
        _servers: servers,
    })
}

impl Pair {
    /// A poll in which voter 1 is known to have voted to the second instance, which answers that voter without the store.
    async fn voted_in(&self) -> Poll {
        let poll = lunch(&self.first).await;
        let outcome = cast(&*self.second, &fresh(&poll, 1)).await;
        assert_eq!(outcome, Outcome::Counted { revision: 1 });
        self.second.settled().await;
        let _ = self.store.ballots_seen();
        assert_eq!(cast(&*self.second, &fresh(&poll, 1)).await, ALREADY_VOTED);
        assert_eq!(self.store.ballots_seen(), 0, "out of the cache");
        poll
    }

    /// Lets voter 1 vote through the second instance all the time while `change` happens through the first one. Every vote
    /// that begins after it was answered must be answered with `then`.
    async fn contradicts(&self, poll: &Poll, change: impl Future<Output = ()>, then: Outcome) {
        let (changed, stop) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let voter = {
            let (second, poll, then) = (Arc::clone(&self.second), poll.clone(), then.clone());
            let (changed, stop) = (Arc::clone(&changed), Arc::clone(&stop));
            tokio::spawn(async move {
                let (mut before, mut after) = (0, 0);
                while !stop.load(Ordering::SeqCst) {
                    let is_after = changed.load(Ordering::SeqCst);
                    let outcome = cast(&*second, &fresh(&poll, 1)).await;
                    if is_after {
                        assert_eq!(outcome, then);
                        after += 1;
                    } else {
                        assert!(outcome == ALREADY_VOTED || outcome == then, "{outcome:?}");
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

async fn nothing_is_contradicted(cut_off: bool) {
    let Some(pair) = pair(cut_off).await else {
        return;
    };
    let poll = pair.voted_in().await;
    let sealing = async {
        let sealed = pair
            .first
            .seal_poll(poll.id, SealCause::Owner, SystemClock.now());
        assert!(matches!(sealed.await.unwrap(), SealOutcome::Sealed(_)));
    };
    pair.contradicts(&poll, sealing, Outcome::Refused(Refusal::Closed))
        .await;

    let poll = pair.voted_in().await;
    let deleting = async { pair.first.delete_poll(poll.id).await.unwrap() };
    let gone = Outcome::Refused(Refusal::PollNotFound);
    pair.contradicts(&poll, deleting, gone).await;

    // An edit moves the end so near that it has passed by the time of the answer.
    let poll = pair.voted_in().await;
    let ending = async {
        let end = SystemClock.now().saturating_add(Duration::from_millis(1));
        let change = PollChange {
            closes_at: Some(Some(end)),
            ..PollChange::default()
        };
        let changing = pair.first.change_poll(poll.id, &change, SystemClock.now());
        assert!(matches!(changing.await.unwrap(), ChangeOutcome::Changed(_)));
        SystemClock.sleep_until(end).await;
    };
    pair.contradicts(&poll, ending, Outcome::Refused(Refusal::Closed))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_contradicted_through_redis() {
    nothing_is_contradicted(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_contradicted_by_who_cannot_reach_redis() {
    nothing_is_contradicted(true).await;
}

/// A repair raises the epoch: marks of the old one count no more, and are made anew; also where Redis was not told of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_epoch_clears_the_marks() {
    for cut_off in [false, true] {
        let Some(pair) = pair(cut_off).await else {
            return;
        };
        let poll = pair.voted_in().await;
        let repaired = pair.first.repair_poll(poll.id).await.unwrap();
        let _ = pair.store.ballots_seen();
        assert_eq!(cast(&*pair.second, &fresh(&poll, 1)).await, ALREADY_VOTED);
        assert_eq!(pair.store.ballots_seen(), 1, "the store was asked");
        pair.second.settled().await;
        let now = SystemClock.now();
        let receipt = pair.second.cast_ballots(&[fresh(&poll, 1)], now).await;
        assert_eq!(pair.store.ballots_seen(), 0, "and was learned from");
        assert_eq!(receipt.tallies, [repaired]);
    }
}

/// The result of a sealed poll and definitions come out of the cache, and are what the store has.
#[tokio::test(flavor = "multi_thread")]
async fn results_of_sealed_polls_spare_the_store() {
    let Some(pair) = pair(false).await else {
        return;
    };
    let poll = pair.voted_in().await;
    let sealed = pair
        .first
        .seal_poll(poll.id, SealCause::Owner, SystemClock.now());
    let SealOutcome::Sealed(last) = sealed.await.unwrap() else {
        panic!("an owner can close at any time");
    };
    let since = Instant::now();
    let _ = pair.store.calls_seen();
    let mut asked: u32 = 0;
    while since.elapsed() < 10 * brief().lease {
        let tallies = pair.second.tallies(&[poll.id]).await.unwrap();
        assert_eq!(tallies, [Some(last.clone())]);
        let polls = pair.second.polls(&[poll.id]).await.unwrap();
        assert!(polls[0].as_ref().unwrap().is_sealed());
        asked += 2;
    }
    // A lease is renewed by one load of poll and tally, and by a few while Redis is being told.
    let calls = pair.store.calls_seen();
    eprintln!("{asked} questions, {calls} calls of the store");
    assert!(calls < u64::from(asked) / 2, "{calls} of {asked}");
    pair.first.delete_poll(poll.id).await.unwrap();
    assert_eq!(pair.second.tallies(&[poll.id]).await.unwrap(), [None]);
    assert_eq!(pair.second.polls(&[poll.id]).await.unwrap(), [None]);
}

/// Edits made elsewhere are seen at once in the definition.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_seen_elsewhere_at_once() {
    for cut_off in [false, true] {
        let Some(pair) = pair(cut_off).await else {
            return;
        };
        let made = poll(PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]));
        pair.first.create_poll(&made).await.unwrap();
        for round in 0..10 {
            // Out of the cache, mostly.
            for _ in 0..3 {
                pair.second.polls(&[made.id]).await.unwrap();
                pair.second.settled().await;
            }
            let title = format!("Lunch {round}?");
            let change = PollChange {
                title: Some(title.clone()),
                ..PollChange::default()
            };
            let changing = pair.first.change_poll(made.id, &change, SystemClock.now());
            changing.await.unwrap();
            let polls = pair.second.polls(&[made.id]).await.unwrap();
            assert_eq!(polls[0].as_ref().unwrap().title, title);
        }
    }
}

/// What Redis is told late, because it was paused, is over by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_comes_late_is_over() {
    let (Some(server), Some(mut gone)) = (Server::plain(), Server::plain()) else {
        return;
    };
    let server = Arc::new(server);
    let theirs = Redis::connect(&gone.url()).await.unwrap();
    gone.kill();
    let store = CountingStore::of(Arc::new(MemoryStore::new()));
    let mut config = brief();
    config.lease = Duration::from_secs(2);
    let instance = |redis| {
        let behind: Behind = store.clone();
        CachedStore::with_config(behind, redis, config.clone())
    };
    let (first, second) = (instance(theirs), instance(apart(&server.url()).await));
    // The server must know the script, which is sent only once.
    cast(&second, &fresh(&lunch(&first).await, 1)).await;
    second.settled().await;
    let poll = lunch(&first).await;
    let paused = Arc::clone(&server);
    store.after_cast(move || paused.pause());
    let outcome = cast(&second, &fresh(&poll, 1)).await;
    assert_eq!(outcome, Outcome::Counted { revision: 1 });
    second.settled().await;

    let began = Instant::now();
    first.delete_poll(poll.id).await.unwrap();
    assert!(
        began.elapsed() >= config.lease,
        "it waits for leases to end"
    );
    server.resume();
    let end = Instant::now() + Duration::from_secs(60);
    let keys = format!("*{}*", poll.id);
    while server.cli(&["KEYS", &keys]).trim().is_empty() {
        assert!(Instant::now() < end, "what was under way arrives");
    }
    let until_asked_again = Instant::now() + config.lease / 2;
    while Instant::now() < until_asked_again {
        let outcome = cast(&second, &fresh(&poll, 1)).await;
        assert_eq!(outcome, Outcome::Refused(Refusal::PollNotFound));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
