//! Polls are sealed by close markers only.

use std::sync::Arc;
use std::time::Duration;

use super::{QueueHarness, wait_until};
use crate::ballot::Refusal;
use crate::engine::tests::{browser, first_option};
use crate::engine::{Precision, VoteOutcome, VoteStatus};
use crate::memory::MemoryQueue;
use crate::poll::{Poll, PollChange, PollStatus, SealCause};
use crate::queue::{BallotQueue, CloseMarker};
use crate::voter::{Actor, Caller};

async fn poll_closing_in(harness: &QueueHarness, seconds: u64) -> Arc<Poll> {
    let closes_at = harness.harness.in_seconds(seconds);
    let adjust = |draft: &mut crate::PollDraft| draft.closes_at = Some(closes_at);
    harness.harness.create_poll_with(adjust).await
}

#[tokio::test]
async fn reads_and_refusals_past_the_closing_time_seal_nothing() {
    let harness = QueueHarness::new();
    let engine = &harness.harness.engine;
    let poll = poll_closing_in(&harness, 60).await;
    harness.cast(poll.id, 1, 1, first_option(&poll)).await;
    harness.harness.clock.advance(Duration::from_secs(61));
    // A retry of a ballot whose first copy may be in the log.
    assert_eq!(
        harness.cast(poll.id, 1, 1, first_option(&poll)).await,
        VoteOutcome::Queued
    );
    harness.cast(poll.id, 2, 2, first_option(&poll)).await;
    harness.aggregate();
    harness.wait_for_votes(poll.id, 1).await;
    // Several scans of the scheduler.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let snapshot = engine.poll(poll.id, &Caller::anonymous()).await.unwrap();
    assert_eq!(snapshot.status, PollStatus::Closed);
    assert_eq!(snapshot.precision, Precision::Provisional);
    assert!(snapshot.is_counting() && !snapshot.view.is_final());
    assert!(!harness.tally(poll.id).await.sealed);
    assert_eq!(harness.status(poll.id, 2, 2).await, VoteStatus::Queued);
    // The marker: 5 s of clock skew after the closing time.
    harness.harness.clock.advance(Duration::from_secs(5));
    let tally = harness.wait_for_seal(poll.id).await;
    assert_eq!(tally.total_votes, 1);
    let snapshot = engine.poll(poll.id, &Caller::anonymous()).await.unwrap();
    assert_eq!(snapshot.precision, Precision::Exact);
    assert!(snapshot.view.is_final() && !snapshot.is_counting());
    assert_eq!(snapshot.poll.sealed_at, snapshot.poll.closes_at);
    let late = VoteStatus::Refused(Refusal::Closed);
    assert_eq!(harness.status(poll.id, 2, 2).await, late);
}

#[tokio::test]
async fn ballots_accepted_in_time_count_however_late_they_are_counted() {
    let harness = QueueHarness::new();
    let poll = poll_closing_in(&harness, 60).await;
    harness.harness.clock.advance(Duration::from_secs(59));
    for voter in 1..50 {
        harness
            .cast(poll.id, voter, voter, first_option(&poll))
            .await;
    }
    harness.harness.clock.advance(Duration::from_secs(1));
    for voter in 50..60 {
        harness
            .cast(poll.id, voter, voter, first_option(&poll))
            .await;
    }
    harness.harness.clock.advance(Duration::from_secs(1_000));
    // The scheduler writes the marker before anything is counted.
    tokio::time::sleep(Duration::from_millis(300)).await;
    harness.aggregate();
    let tally = harness.wait_for_seal(poll.id).await;
    assert_eq!(tally.total_votes, 49);
    for voter in 1..60 {
        let expected = match voter {
            1..50 => VoteStatus::Counted,
            _ => VoteStatus::Refused(Refusal::Closed),
        };
        assert_eq!(harness.status(poll.id, voter, voter).await, expected);
    }
    assert!(
        harness
            .harness
            .engine
            .audit_poll(poll.id)
            .await
            .unwrap()
            .is_exact()
    );
}

#[tokio::test]
async fn ballots_behind_the_owners_close_are_refused() {
    let harness = QueueHarness::new();
    let engine = &harness.harness.engine;
    let mut events = engine.events();
    let poll = harness.harness.create_poll().await;
    harness.cast(poll.id, 1, 1, first_option(&poll)).await;
    for _ in 0..3 {
        engine.close_poll(poll.id, Actor::Host).await.unwrap();
    }
    harness.cast(poll.id, 2, 2, first_option(&poll)).await;
    let metrics = harness.aggregate();
    let tally = harness.wait_for_seal(poll.id).await;
    assert_eq!(tally.total_votes, 1);
    wait_until(async || metrics.read().lag == 0).await;
    assert_eq!(harness.tally(poll.id).await, tally);
    let refused = VoteStatus::Refused(Refusal::Closed);
    assert_eq!(harness.status(poll.id, 2, 2).await, refused);
    let mut closed = 0;
    while let Ok(event) = events.try_recv() {
        closed += u32::from(matches!(event, crate::Event::PollClosed { .. }));
    }
    assert_eq!(closed, 1, "the closing is announced once");
}

#[tokio::test]
async fn marker_of_a_moved_closing_time_is_void() {
    let harness = QueueHarness::new();
    let engine = &harness.harness.engine;
    let poll = poll_closing_in(&harness, 60).await;
    let marker = CloseMarker {
        poll: poll.id,
        cause: SealCause::Deadline,
        closes_at: poll.closes_at,
        at: harness.harness.in_seconds(70),
    };
    let later = harness.harness.in_seconds(65);
    let moved = PollChange::default().closes_at(Some(later));
    engine
        .change_poll(poll.id, moved, Actor::Host)
        .await
        .unwrap();
    harness
        .queue
        .enqueue_close(&[marker])
        .await
        .remove(0)
        .unwrap();
    harness.harness.clock.advance(Duration::from_secs(64));
    harness.cast(poll.id, 1, 1, first_option(&poll)).await;
    let metrics = harness.aggregate();
    harness.wait_for_votes(poll.id, 1).await;
    wait_until(async || metrics.read().lag == 0).await;
    assert!(!harness.tally(poll.id).await.sealed);
    harness.harness.clock.advance(Duration::from_secs(6));
    let tally = harness.wait_for_seal(poll.id).await;
    assert_eq!(tally.total_votes, 1);
}

#[tokio::test]
async fn markers_and_restarts_change_nothing() {
    let harness = QueueHarness::on(
        Arc::new(crate::MemoryStore::new()),
        MemoryQueue::with_size(4, 10_000),
    );
    let other = harness.second(crate::MemoryBroadcaster::new());
    let poll = poll_closing_in(&harness, 60).await;
    for voter in 1..20 {
        let engine = match voter % 2 {
            0 => &harness.harness.engine,
            _ => &other.engine,
        };
        let caller = browser(voter);
        let id = super::ballot_id(voter);
        let cast = engine.cast(poll.id, &caller, id, first_option(&poll));
        assert_eq!(cast.await.unwrap().outcome, VoteOutcome::Queued);
    }
    harness.harness.clock.advance(Duration::from_secs(100));
    // Both engines write their markers.
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Another group, for which the queue keeps everything.
    let again = harness.queue.consumer("again");
    harness.aggregate();
    let tally = harness.wait_for_seal(poll.id).await;
    assert_eq!(tally.total_votes, 19);
    // The other group delivers everything again.
    let again = crate::engine::Aggregator::new(&other.engine, again);
    let metrics = again.metrics();
    tokio::spawn(again.run());
    wait_until(async || metrics.read().records >= 20 && metrics.read().lag == 0).await;
    assert_eq!(harness.tally(poll.id).await, tally);
}
