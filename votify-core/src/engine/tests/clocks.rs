//! Clocks that are set back, and clocks that differ from the store's.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::*;
use crate::ballot::Refusal;
use crate::conformance::ForwardStore;
use crate::engine::{ComponentReadiness, EngineError, Event};
use crate::poll::{PollStatus, Visibility};
use crate::store::{PageRequest, PollFilter, StoreError};
use crate::voter::Actor;

const HOUR: Duration = Duration::from_secs(3_600);

/// Sets the engine's clock back by this time.
fn set_back(harness: &Harness, by: Duration) {
    let now = harness.clock.now().as_micros();
    let by = i64::try_from(by.as_micros()).unwrap();
    harness.clock.set(Timestamp::from_micros(now - by).unwrap());
}

async fn vote(harness: &Harness, poll: &Poll, voter: u8) {
    let voter = browser(voter);
    let vote = harness.engine.vote(poll.id, &voter, first_option(poll));
    vote.await.unwrap();
}

async fn listed(harness: &Harness, status: PollStatus) -> Vec<PollId> {
    let filter = PollFilter {
        status: Some(status),
        ..PollFilter::default()
    };
    let listed = harness.engine.list_polls(&filter, &PageRequest::FIRST);
    let page = listed.await.unwrap();
    let listed = &page.items;
    for snapshot in listed {
        assert_eq!(snapshot.status, status);
    }
    let mut ids: Vec<_> = listed.iter().map(|snapshot| snapshot.poll.id).collect();
    ids.sort_unstable();
    ids
}

/// A poll without an opening time and one with a counted ballot stay open on an engine that
/// has them in its caches, and on one that reads them from the store.
#[tokio::test]
async fn a_clock_set_back_schedules_no_open_poll() {
    let harness = Harness::new();
    let opens = harness.in_seconds(60);
    let public = |draft: &mut PollDraft| draft.visibility = Visibility::Public;
    let endless = harness.create_poll_with(public).await;
    let voted = harness.create_poll_with(|draft| {
        public(draft);
        draft.opens_at = Some(opens);
    });
    let voted = voted.await;
    harness.clock.advance(Duration::from_secs(60));
    vote(&harness, &voted, 1).await;
    let mut open = vec![endless.id, voted.id];
    open.sort_unstable();
    assert_eq!(listed(&harness, PollStatus::Open).await, open);
    let mut watch = harness.watch(voted.id, &browser(9)).await;
    assert_eq!(next_frame(&mut watch).await.status, PollStatus::Open);

    let other = Harness::on(Arc::clone(&harness.store), MemoryBroadcaster::new());
    set_back(&harness, HOUR);
    set_back(&other, HOUR);
    for (harness, voter) in [(&harness, 2), (&other, 3)] {
        assert_eq!(listed(harness, PollStatus::Open).await, open);
        assert_eq!(listed(harness, PollStatus::Scheduled).await, []);
        for poll in [&endless, &voted] {
            let found = harness.engine.poll(poll.id, &browser(voter)).await.unwrap();
            assert_eq!(found.status, PollStatus::Open);
            vote(harness, poll, voter).await;
        }
    }
    let frame = frame_where(&mut watch, |frame| frame.view.total_votes() == Some(3)).await;
    assert_eq!(frame.status, PollStatus::Open);
}

/// A poll that nobody has voted in yet is scheduled again, because it may be edited still.
#[tokio::test]
async fn a_clock_set_back_schedules_a_poll_without_ballots() {
    let harness = Harness::new();
    let opens = harness.in_seconds(60);
    let poll = harness
        .create_poll_with(|draft| draft.opens_at = Some(opens))
        .await;
    harness.clock.advance(Duration::from_secs(60));
    set_back(&harness, Duration::from_secs(1));
    let found = harness.engine.poll(poll.id, &browser(1)).await.unwrap();
    assert_eq!(found.status, PollStatus::Scheduled);
}

/// A memory store on a server with a clock.
#[derive(Debug)]
struct StoreWithClock {
    inner: MemoryStore,
    clock: ManualClock,
    is_silent: AtomicBool,
}

impl StoreWithClock {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::new(),
            clock: ManualClock::new(Timestamp::EPOCH),
            is_silent: AtomicBool::new(false),
        })
    }

    /// Sets the store's clock so that it is this many microseconds ahead of the engine's.
    fn set_ahead(&self, harness: &Harness, micros: i64) {
        let now = harness.clock.now().as_micros();
        self.clock
            .set(Timestamp::from_micros(now + micros).unwrap());
    }
}

#[async_trait]
impl ForwardStore for StoreWithClock {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn server_time(&self) -> Result<Option<Timestamp>, StoreError> {
        if self.is_silent.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("test", "no reply"));
        }
        Ok(Some(self.clock.now()))
    }
}

fn harness_with_clock(store: &Arc<StoreWithClock>) -> Harness {
    Harness::on(
        Arc::clone(store) as Arc<dyn Store>,
        MemoryBroadcaster::new(),
    )
}

async fn clock_readiness(harness: &Harness) -> Option<ComponentReadiness> {
    let readiness = harness.engine.check_ready().await;
    assert!(readiness.is_ready(), "a wrong clock fails no request");
    let mut components = readiness.components.into_iter();
    components.find(|component| component.component == "clock")
}

#[tokio::test]
async fn clocks_more_than_5_s_apart_show_in_the_readiness() {
    let store = StoreWithClock::new();
    let harness = harness_with_clock(&store);
    let monitor = &harness.engine.inner.loader.clock_monitor;
    for (ahead, ready) in [
        (0, true),
        (5_000_000, true),
        (5_000_001, false),
        (-5_000_000, true),
        (-5_000_001, false),
        (-3_600_000_000, false),
        (1, true),
    ] {
        store.set_ahead(&harness, ahead);
        monitor.compare().await;
        let clock = clock_readiness(&harness).await.unwrap();
        assert_eq!((clock.ready, clock.required), (ready, false), "{ahead}");
        // A store that does not reply changes nothing.
        store.is_silent.store(true, Ordering::Relaxed);
        monitor.compare().await;
        store.is_silent.store(false, Ordering::Relaxed);
        let clock = clock_readiness(&harness).await.unwrap();
        assert_eq!(clock.ready, ready, "{ahead}");
    }
}

#[tokio::test]
async fn the_clock_of_a_store_without_one_is_no_component() {
    let harness = Harness::new();
    harness.engine.inner.loader.clock_monitor.compare().await;
    assert!(clock_readiness(&harness).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn clocks_are_compared_each_minute() {
    let store = StoreWithClock::new();
    let harness = harness_with_clock(&store);
    store.set_ahead(&harness, 0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(clock_readiness(&harness).await.unwrap().ready);
    store.set_ahead(&harness, 10_000_000);
    tokio::time::sleep(Duration::from_secs(58)).await;
    assert!(clock_readiness(&harness).await.unwrap().ready);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!clock_readiness(&harness).await.unwrap().ready);
    store.set_ahead(&harness, 0);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(clock_readiness(&harness).await.unwrap().ready);
}

/// Neither the scheduler nor a read seals a poll while the clock is wrong. Its owner may
/// close it. The scheduler seals the rest once the clock is right.
#[tokio::test(start_paused = true)]
async fn an_engine_with_a_wrong_clock_seals_nothing_by_deadline() {
    let store = StoreWithClock::new();
    let harness = harness_with_clock(&store);
    let monitor = &harness.engine.inner.loader.clock_monitor;
    let engine = &harness.engine;
    let start = harness.clock.now();
    let closes = harness.in_seconds(60);
    let close = |draft: &mut PollDraft| draft.closes_at = Some(closes);
    let (due, owned) = (
        harness.create_poll_with(close).await,
        harness.create_poll_with(close).await,
    );
    let mut events = engine.events();
    // The engine's clock runs 61 s ahead of the store's.
    harness.clock.advance(Duration::from_secs(61));
    store.clock.set(start);
    monitor.compare().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let found = engine.poll(due.id, &browser(1)).await.unwrap();
    assert_eq!(found.status, PollStatus::Closed);
    assert!(!found.poll.is_sealed() && !found.view.is_final());
    let (snapshot, _) = engine.result(due.id, &browser(1)).await.unwrap();
    assert!(!snapshot.poll.is_sealed());
    assert!(events.try_recv().is_err(), "no closing is announced");
    let late = engine.vote(due.id, &browser(1), first_option(&due)).await;
    assert!(matches!(late, Err(EngineError::Refused(_))), "{late:?}");
    engine.close_poll(owned.id, Actor::Host).await.unwrap();
    let found = engine.poll(owned.id, &browser(1)).await.unwrap();
    assert!(found.poll.is_sealed());

    // The clock is set right: the poll is open again, and closes at its time.
    harness.clock.set(start);
    monitor.compare().await;
    vote(&harness, &due, 1).await;
    harness.clock.set(closes);
    store.clock.set(closes);
    monitor.compare().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut closed = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::PollClosed { poll, .. } = event {
            closed.push(poll.id);
        }
    }
    assert_eq!(closed, [owned.id, due.id]);
    let found = engine.poll(due.id, &browser(1)).await.unwrap();
    assert_eq!(
        (found.view.is_final(), found.view.total_votes()),
        (true, Some(1))
    );
}

/// Until the clocks were compared, neither the scheduler nor a read seals a poll. A failed
/// comparison is repeated within about a second.
#[tokio::test(start_paused = true)]
async fn an_engine_that_cannot_compare_its_clock_seals_nothing_by_deadline() {
    let store = StoreWithClock::new();
    store.is_silent.store(true, Ordering::Relaxed);
    let harness = harness_with_clock(&store);
    let closes = harness.in_seconds(60);
    let close = |draft: &mut PollDraft| draft.closes_at = Some(closes);
    let poll = harness.create_poll_with(close).await;
    harness.clock.advance(Duration::from_secs(61));
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let found = harness.engine.poll(poll.id, &browser(1)).await.unwrap();
        assert!(!found.poll.is_sealed() && !found.view.is_final());
    }
    let voter = browser(1);
    let late = harness.engine.vote(poll.id, &voter, first_option(&poll));
    let late = late.await;
    assert!(matches!(late, Err(EngineError::Refused(_))), "{late:?}");

    store.set_ahead(&harness, 0);
    store.is_silent.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let stored = harness.store.polls(&[poll.id]).await.unwrap().remove(0);
    assert!(stored.unwrap().is_sealed(), "the scheduler sealed the poll");
}

/// The last comparison says nothing about a clock that was set since. Neither a read nor
/// the scheduler nor a refused vote trusts it.
#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_after_the_comparison_seals_nothing_by_deadline() {
    for is_silent in [false, true] {
        let store = StoreWithClock::new();
        let harness = harness_with_clock(&store);
        store.set_ahead(&harness, 0);
        let closes = harness.in_seconds(1_800);
        let close = |draft: &mut PollDraft| draft.closes_at = Some(closes);
        let poll = harness.create_poll_with(close).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(clock_readiness(&harness).await.unwrap().ready);

        let right = harness.clock.now();
        harness.clock.set(right.saturating_add(HOUR));
        store.is_silent.store(is_silent, Ordering::Relaxed);
        let found = harness.engine.poll(poll.id, &browser(1)).await.unwrap();
        assert!(!found.poll.is_sealed() && !found.view.is_final());
        let (voter, choice) = (browser(1), first_option(&poll));
        let late = harness.engine.vote(poll.id, &voter, choice).await;
        assert!(matches!(late, Err(EngineError::Refused(_))), "{late:?}");
        tokio::time::sleep(Duration::from_secs(5)).await;
        let stored = harness.store.polls(&[poll.id]).await.unwrap().remove(0);
        assert!(!stored.unwrap().is_sealed());
        let ready = clock_readiness(&harness).await.unwrap().ready;
        assert_eq!(
            ready, is_silent,
            "compared within a second if the store replies"
        );

        harness.clock.set(right);
        store.is_silent.store(false, Ordering::Relaxed);
        vote(&harness, &poll, 1).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(clock_readiness(&harness).await.unwrap().ready);
    }
}

/// The first ballot would open the poll for everybody. Ballots of a poll that others have
/// opened count.
#[tokio::test(start_paused = true)]
async fn an_engine_with_a_wrong_clock_opens_no_poll() {
    let store = StoreWithClock::new();
    let harness = harness_with_clock(&store);
    let (right, wrong) = (harness.clock.now(), harness.in_seconds(3_600));
    let opens = harness.in_seconds(600);
    let open = |draft: &mut PollDraft| draft.opens_at = Some(opens);
    let poll = harness.create_poll_with(open).await;
    let opened = harness.create_poll_with(open).await;
    store.clock.set(right);
    harness.clock.set(wrong);
    let cast = |poll: &Arc<Poll>, voter| {
        let (engine, poll) = (harness.engine.clone(), Arc::clone(poll));
        async move {
            engine
                .vote(poll.id, &browser(voter), first_option(&poll))
                .await
        }
    };
    let early = cast(&poll, 1).await;
    let not_yet = |refusal: &Refusal| matches!(refusal, Refusal::NotOpenYet { opens_at } if *opens_at == opens);
    assert!(
        matches!(&early, Err(EngineError::Refused(refusal)) if not_yet(refusal)),
        "{early:?}"
    );

    // The store does not reply to the comparison after another change.
    store.is_silent.store(true, Ordering::Relaxed);
    harness.clock.set(wrong.saturating_add(HOUR));
    let unknown = cast(&poll, 1).await;
    assert!(
        matches!(&unknown, Err(EngineError::Store(error)) if error.is_transient()),
        "{unknown:?}"
    );
    store.is_silent.store(false, Ordering::Relaxed);

    let other = harness_with_clock(&store);
    store.clock.set(opens);
    other.clock.set(opens);
    vote(&other, &opened, 1).await;
    store.clock.set(right);
    harness.engine.inner.loader.clock_monitor.compare().await;
    cast(&opened, 2).await.unwrap();

    store.clock.set(opens);
    harness.engine.inner.loader.clock_monitor.compare().await;
    cast(&poll, 1).await.unwrap();
}

#[tokio::test]
async fn a_read_directly_after_the_start_seals_a_due_poll() {
    let store = StoreWithClock::new();
    let before = harness_with_clock(&store);
    let closes = before.in_seconds(60);
    let close = |draft: &mut PollDraft| draft.closes_at = Some(closes);
    let poll = before.create_poll_with(close).await;
    before.engine.shutdown().await;
    let after = harness_with_clock(&store);
    after.clock.advance(Duration::from_secs(61));
    store.set_ahead(&after, 0);
    let found = after.engine.poll(poll.id, &browser(1)).await.unwrap();
    assert!(found.view.is_final());
}
