//! Draining viewers one after the other, with paused time.

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::*;
use crate::engine::EngineError;

const WITHIN: Duration = Duration::from_secs(5);

/// Drains `viewers` watches. Returns when each ended and how many votes it had received.
async fn drain(harness: &Harness, poll: PollId, viewers: usize) -> Vec<(Duration, u64)> {
    let mut watches = Vec::new();
    for _ in 0..viewers {
        watches.push(harness.watch(poll, &browser(9)).await);
    }
    let started = Instant::now();
    let watching = join_all(watches.into_iter().map(|mut watch| async move {
        let mut votes = 0;
        while let Some(frame) = watch.next().await {
            votes = frame.view.total_votes().unwrap();
        }
        (started.elapsed(), votes)
    }));
    let voting = async {
        sleep(WITHIN / 2).await;
        let poll = harness.engine.definition(poll).await.unwrap();
        harness
            .engine
            .vote(poll.id, &browser(1), first_option(&poll))
            .await
            .unwrap();
    };
    let draining = harness.engine.drain_viewers(WITHIN);
    let (ends, (), ()) = tokio::join!(watching, draining, voting);
    ends
}

#[tokio::test(start_paused = true)]
async fn viewers_leave_evenly_and_receive_updates_until_then() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let viewers = 5_000_u32;
    let mut ends = drain(&harness, poll.id, viewers as usize).await;
    ends.sort();
    let tenth = |n: u32| ends[(viewers / 10 * n) as usize].0;
    for n in 1..10 {
        let (left, expected) = (tenth(n), WITHIN / 10 * n);
        let is_even = left.abs_diff(expected) <= Duration::from_millis(150);
        assert!(is_even, "{n} tenths of the viewers left after {left:?}");
    }
    assert!(ends.last().unwrap().0 <= WITHIN);
    let informed = ends.iter().filter(|(_, votes)| *votes == 1).count();
    assert!(
        (2_300..=2_600).contains(&informed),
        "{informed} viewers received the vote"
    );
    assert_eq!(harness.engine.stats().viewers, 0);
}

#[tokio::test(start_paused = true)]
async fn few_viewers_leave_early_and_new_watches_are_refused() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut watches = Vec::new();
    for n in 0..3 {
        watches.push(harness.watch(poll.id, &browser(n)).await);
    }
    let started = Instant::now();
    let watching = join_all(watches.into_iter().map(|mut watch| async move {
        let mut frames = 0;
        while watch.next().await.is_some() {
            frames += 1;
        }
        frames
    }));
    let (frames, ()) = tokio::join!(watching, harness.engine.drain_viewers(WITHIN));
    assert!(started.elapsed() < WITHIN / 10, "{:?}", started.elapsed());
    // The first state, perhaps another number of viewers, and no frame for the drain
    // itself.
    assert!(frames.iter().all(|frames| *frames <= 2), "{frames:?}");
    let refused = harness.engine.watch(poll.id, &browser(1), None).await;
    assert!(matches!(refused, Err(EngineError::ShuttingDown)));
    // Votes are still accepted.
    harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn drain_ends_after_the_limit_if_a_viewer_stays() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut remaining = harness.watch(poll.id, &browser(1)).await;
    let started = Instant::now();
    harness.engine.drain_viewers(WITHIN).await;
    let waited = started.elapsed();
    assert!(waited >= WITHIN && waited < WITHIN * 2, "{waited:?}");
    harness.engine.shutdown().await;
    while remaining.next().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn drain_without_viewers_returns_at_once() {
    let harness = Harness::new();
    let started = Instant::now();
    harness.engine.drain_viewers(WITHIN).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
}
