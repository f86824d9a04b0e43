use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;
use crate::ballot::Refusal;
use crate::conformance::ForwardStore;
use crate::engine::EngineError;
use crate::engine::Event;
use crate::poll::{PollState, PollStatus, SealCause};
use crate::store::{Page, PageRequest, PollFilter, PollOrder, SealOutcome, StoreError};
use crate::voter::Actor;

#[tokio::test]
async fn opening_and_closing_are_announced_on_time() {
    let harness = Harness::new();
    let mut events = harness.engine.events();
    let (opens, closes) = (harness.in_seconds(60), harness.in_seconds(120));
    let poll = harness
        .create_poll_with(|draft| {
            draft.opens_at = Some(opens);
            draft.closes_at = Some(closes);
        })
        .await;
    let mut watch = harness.watch(poll.id, &browser(9)).await;
    assert_eq!(next_frame(&mut watch).await.status, PollStatus::Scheduled);
    let early = harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(early, EngineError::Refused(Refusal::NotOpenYet { .. })),
        "{early}"
    );
    harness.clock.advance(Duration::from_secs(60));
    assert_eq!(
        frame_of_kind(&mut watch, FrameKind::Changed).await.status,
        PollStatus::Open
    );
    harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    harness.clock.advance(Duration::from_secs(60));
    let end = frame_of_kind(&mut watch, FrameKind::Closed).await;
    assert_eq!(
        (end.view.total_votes(), end.view.is_final()),
        (Some(1), true)
    );
    let late = harness
        .engine
        .vote(poll.id, &browser(2), first_option(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(late, EngineError::Refused(Refusal::Closed)),
        "{late}"
    );
    let mut names = Vec::new();
    while let Ok(event) = events.try_recv() {
        names.push(match event {
            Event::PollCreated { .. } => "created",
            Event::PollOpened { .. } => "opened",
            Event::BallotCast { .. } => "cast",
            Event::PollClosed { .. } => "closed",
            _ => "other",
        });
    }
    assert_eq!(names, ["created", "opened", "cast", "closed"]);
}

#[tokio::test]
async fn polls_that_closed_during_downtime_are_sealed_and_announced_once() {
    let before = Harness::new();
    let closes = before.in_seconds(60);
    let poll = before
        .create_poll_with(|draft| draft.closes_at = Some(closes))
        .await;
    before.engine.shutdown().await;
    let after = Harness::on(Arc::clone(&before.store), MemoryBroadcaster::new());
    let mut events = after.engine.events();
    after.clock.advance(Duration::from_secs(61));
    let event = tokio::time::timeout(Duration::from_secs(2), events.recv())
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(event, Event::PollClosed { poll: closed, .. } if closed.id == poll.id));
    assert!(
        after
            .engine
            .poll(poll.id, &browser(1))
            .await
            .unwrap()
            .view
            .is_final()
    );
    assert!(
        tokio::time::timeout(Duration::from_millis(300), events.recv())
            .await
            .is_err(),
        "the closing was announced twice"
    );
}

#[tokio::test]
async fn reading_a_poll_past_its_closing_time_seals_it() {
    let harness = Harness::with(Arc::new(MemoryStore::new()), |builder| {
        // The scheduler must not seal the poll.
        builder.config(EngineConfig {
            schedule_interval: Duration::from_secs(3600),
            ..config()
        })
    });
    let closes = harness.in_seconds(60);
    let poll = harness
        .create_poll_with(|draft| draft.closes_at = Some(closes))
        .await;
    harness.clock.advance(Duration::from_secs(60));
    let (snapshot, result) = harness.engine.result(poll.id, &browser(1)).await.unwrap();
    assert!(snapshot.view.is_final() && snapshot.poll.is_sealed());
    assert!(result.leaders().is_empty());
}

/// With clocks apart, a poll that is closed on one instance must not count on another.
#[tokio::test]
async fn the_first_refusal_as_closed_seals_the_poll_for_all() {
    let unscheduled = |builder: EngineBuilder| {
        builder.config(EngineConfig {
            schedule_interval: Duration::from_secs(3600),
            ..config()
        })
    };
    let behind = Harness::with(Arc::new(MemoryStore::new()), unscheduled);
    let ahead = Harness::with(Arc::clone(&behind.store), unscheduled);
    let closes = behind.in_seconds(60);
    let poll = behind
        .create_poll_with(|draft| draft.closes_at = Some(closes))
        .await;
    let vote = async |harness: &Harness, voter| {
        let voter = browser(voter);
        let choice = first_option(&poll);
        harness.engine.vote(poll.id, &voter, choice).await
    };
    behind.clock.advance(Duration::from_secs(58));
    ahead.clock.advance(Duration::from_secs(58));
    vote(&ahead, 1).await.unwrap();
    ahead.clock.advance(Duration::from_secs(3));
    for harness in [&ahead, &behind] {
        let late = vote(harness, 2).await.unwrap_err();
        assert!(
            matches!(late, EngineError::Refused(Refusal::Closed)),
            "{late}"
        );
    }
    let tally = behind.store.tallies(&[poll.id]).await.unwrap().remove(0);
    let tally = tally.unwrap();
    assert_eq!((tally.sealed, tally.total_votes), (true, 1));
}

#[tokio::test]
async fn rescheduled_poll_opens_once() {
    let harness = Harness::new();
    let mut events = harness.engine.events();
    let (first_time, second_time) = (harness.in_seconds(120), harness.in_seconds(60));
    let poll = harness
        .create_poll_with(|draft| draft.opens_at = Some(first_time))
        .await;
    let change = crate::PollChange {
        opens_at: Some(Some(second_time)),
        ..Default::default()
    };
    harness
        .engine
        .change_poll(poll.id, change, Actor::Host)
        .await
        .unwrap();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        harness.clock.advance(Duration::from_secs(60));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut opened = 0;
    while let Ok(event) = events.try_recv() {
        opened += usize::from(matches!(event, Event::PollOpened { .. }));
    }
    assert_eq!(opened, 1);
}

#[tokio::test]
async fn polls_that_open_or_close_together_are_all_announced() {
    let before = Harness::new();
    let (opens, closes) = (before.in_seconds(60), before.in_seconds(60));
    for _ in 0..250 {
        before
            .create_poll_with(|draft| draft.opens_at = Some(opens))
            .await;
        before
            .create_poll_with(|draft| draft.closes_at = Some(closes))
            .await;
    }
    before.engine.shutdown().await;
    // Another engine, as after a restart. Its scheduler scans 100 ms ahead.
    let after = Harness::on(Arc::clone(&before.store), MemoryBroadcaster::new());
    let mut events = after.engine.events();
    after.clock.advance(Duration::from_millis(59_950));
    tokio::time::sleep(Duration::from_millis(500)).await;
    after.clock.advance(Duration::from_secs(1));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (mut opened, mut closed) = (0, 0);
    while let Ok(event) = events.try_recv() {
        opened += usize::from(matches!(event, Event::PollOpened { .. }));
        closed += usize::from(matches!(event, Event::PollClosed { .. }));
    }
    assert_eq!((opened, closed), (250, 250));
}

/// A store that leaves the first poll out of every page, as stores do with a corrupt poll.
#[derive(Debug)]
struct ShortPages(Arc<dyn Store>);

#[async_trait]
impl ForwardStore for ShortPages {
    fn inner(&self) -> &dyn Store {
        &*self.0
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError> {
        let mut page = self.0.list_polls(filter, page, now).await?;
        if page.items.len() > 1 {
            page.items.remove(0);
        }
        Ok(page)
    }
}

#[tokio::test]
async fn polls_after_a_short_page_are_announced() {
    let before = Harness::new();
    let closes = before.in_seconds(60);
    for _ in 0..150 {
        before
            .create_poll_with(|draft| draft.closes_at = Some(closes))
            .await;
    }
    before.engine.shutdown().await;
    let store = ShortPages(Arc::clone(&before.store));
    let after = Harness::with(Arc::new(store), |builder| {
        // There is one scan only.
        builder.config(EngineConfig {
            schedule_interval: Duration::from_secs(3600),
            ..config()
        })
    });
    let mut events = after.engine.events();
    after.clock.advance(Duration::from_secs(61));
    let closed = async {
        for _ in 0..148 {
            let event = events.recv().await.unwrap();
            assert!(matches!(event, Event::PollClosed { .. }), "{event:?}");
        }
    };
    tokio::time::timeout(Duration::from_secs(5), closed)
        .await
        .unwrap();
}

/// A store that cannot list the polls that open soon.
#[derive(Debug)]
struct FailingOpeningScan(Arc<dyn Store>);

#[async_trait]
impl ForwardStore for FailingOpeningScan {
    fn inner(&self) -> &dyn Store {
        &*self.0
    }

    async fn list_polls(
        &self,
        filter: &PollFilter,
        page: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<PollState>, StoreError> {
        if filter.order == PollOrder::Opening {
            return Err(StoreError::failed("test", "the query was rejected"));
        }
        self.0.list_polls(filter, page, now).await
    }
}

#[tokio::test]
async fn polls_close_on_time_although_the_opening_scan_fails() {
    let before = Harness::new();
    let closes = before.in_seconds(60);
    before
        .create_poll_with(|draft| draft.closes_at = Some(closes))
        .await;
    before.engine.shutdown().await;
    let store = FailingOpeningScan(Arc::clone(&before.store));
    let after = Harness::on(Arc::new(store), MemoryBroadcaster::new());
    let mut events = after.engine.events();
    after.clock.advance(Duration::from_secs(61));
    let event = tokio::time::timeout(Duration::from_secs(2), events.recv()).await;
    assert!(matches!(event.unwrap().unwrap(), Event::PollClosed { .. }));
}

/// A store that loses replies.
#[derive(Debug)]
struct LostReplies {
    inner: Arc<dyn Store>,
    /// The number of seals whose reply is still to be lost.
    seals: AtomicUsize,
    /// The number of reads of definitions that still fail.
    reads: AtomicUsize,
}

impl LostReplies {
    fn is_lost(remaining: &AtomicUsize) -> bool {
        let (set, get) = (Ordering::SeqCst, Ordering::SeqCst);
        remaining
            .fetch_update(set, get, |count| count.checked_sub(1))
            .is_ok()
    }
}

#[async_trait]
impl ForwardStore for LostReplies {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    async fn polls(&self, ids: &[PollId]) -> Result<Vec<Option<Poll>>, StoreError> {
        if !ids.is_empty() && Self::is_lost(&self.reads) {
            return Err(StoreError::unavailable("test", "no reply"));
        }
        self.inner.polls(ids).await
    }

    async fn seal_polls(
        &self,
        ids: &[PollId],
        cause: SealCause,
        now: Timestamp,
    ) -> Vec<Result<SealOutcome, StoreError>> {
        let outcomes = self.inner.seal_polls(ids, cause, now).await;
        if Self::is_lost(&self.seals) {
            let lost = || Err(StoreError::unavailable("test", "no reply"));
            return ids.iter().map(|_| lost()).collect();
        }
        outcomes
    }
}

/// Asserts that the closings of 60 polls are announced once each.
async fn assert_announced_despite_lost_replies(seals: usize, reads: usize) {
    let before = Harness::new();
    let closes = before.in_seconds(60);
    let mut polls = BTreeSet::new();
    for _ in 0..60 {
        let close = |draft: &mut PollDraft| draft.closes_at = Some(closes);
        polls.insert(before.create_poll_with(close).await.id);
    }
    before.engine.shutdown().await;
    let store = Arc::new(LostReplies {
        inner: Arc::clone(&before.store),
        seals: seals.into(),
        reads: reads.into(),
    });
    let after = Harness::on(
        Arc::clone(&store) as Arc<dyn Store>,
        MemoryBroadcaster::new(),
    );
    let mut events = after.engine.events();
    after.clock.advance(Duration::from_secs(61));
    let mut announced = BTreeSet::new();
    while let Ok(event) = tokio::time::timeout(Duration::from_millis(500), events.recv()).await {
        let Event::PollClosed { poll, .. } = event.unwrap() else {
            continue;
        };
        assert!(announced.insert(poll.id), "{} was announced twice", poll.id);
    }
    assert_eq!(announced, polls);
    assert_eq!(store.seals.load(Ordering::SeqCst), 0);
    assert_eq!(store.reads.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn closings_whose_seal_lost_its_reply_are_announced_once() {
    assert_announced_despite_lost_replies(2, 0).await;
}

#[tokio::test]
async fn closings_whose_definitions_were_not_read_are_announced_once() {
    assert_announced_despite_lost_replies(0, 2).await;
}

#[tokio::test]
async fn the_closing_of_a_read_that_lost_its_reply_is_announced() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let store = Arc::new(LostReplies {
        inner,
        seals: 1.into(),
        reads: 0.into(),
    });
    let harness = Harness::with(store, |builder| {
        builder.config(EngineConfig {
            schedule_interval: Duration::from_millis(500),
            ..config()
        })
    });
    let mut events = harness.engine.events();
    let poll = harness.create_poll().await;
    // The first scan ends before another instance sets the closing time.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let change = crate::PollChange {
        closes_at: Some(Some(harness.in_seconds(1))),
        ..Default::default()
    };
    let now = harness.clock.now();
    harness
        .store
        .change_poll(poll.id, &change, now)
        .await
        .unwrap();
    harness.clock.advance(Duration::from_secs(2));
    let read = harness.engine.poll(poll.id, &browser(1)).await.unwrap();
    assert_eq!(
        (read.status, read.view.is_final()),
        (PollStatus::Closed, false)
    );
    let closed = async {
        loop {
            if let Event::PollClosed { .. } = events.recv().await.unwrap() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(2), closed)
        .await
        .unwrap();
}
