//! Viewers who leave one after the other, by a clock that the test moves.

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::*;
use crate::engine::EngineError;

const WITHIN: Duration = Duration::from_secs(5);

/// When each of so many viewers left, from now on, and how many votes it had seen.
async fn leave(world: &World, poll: PollId, viewers: usize) -> Vec<(Duration, u64)> {
    let mut watches = Vec::new();
    for _ in 0..viewers {
        watches.push(world.watch(poll, &browser(9)).await);
    }
    let begun = Instant::now();
    let leaving = join_all(watches.into_iter().map(|mut watch| async move {
        let mut seen = 0;
        while let Some(frame) = watch.next().await {
            seen = frame.view.total_votes().unwrap();
        }
        (begun.elapsed(), seen)
    }));
    let voting = async {
        sleep(WITHIN / 2).await;
        let poll = world.engine.definition(poll).await.unwrap();
        world
            .engine
            .vote(poll.id, &browser(1), first(&poll))
            .await
            .unwrap();
    };
    let going = world.engine.drain_viewers(WITHIN);
    let (leaves, (), ()) = tokio::join!(leaving, going, voting);
    leaves
}

#[tokio::test(start_paused = true)]
async fn viewers_leave_evenly_over_the_time_and_see_what_happens_until_then() {
    let world = World::new();
    let poll = world.lunch().await;
    let viewers = 5_000_u32;
    let mut leaves = leave(&world, poll.id, viewers as usize).await;
    leaves.sort();
    let tenth = |n: u32| leaves[(viewers / 10 * n) as usize].0;
    for n in 1..10 {
        let (left, due) = (tenth(n), WITHIN / 10 * n);
        let is_even = left.abs_diff(due) <= Duration::from_millis(150);
        assert!(is_even, "{n} tenths left after {left:?}");
    }
    assert!(leaves.last().unwrap().0 <= WITHIN);
    let saw = leaves.iter().filter(|(_, seen)| *seen == 1).count();
    assert!((2_300..=2_600).contains(&saw), "{saw} saw the vote");
    assert_eq!(world.engine.stats().viewers, 0);
}

#[tokio::test(start_paused = true)]
async fn a_few_viewers_leave_soon_and_nobody_enters_behind_them() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut watches = Vec::new();
    for n in 0..3 {
        watches.push(world.watch(poll.id, &browser(n)).await);
    }
    let begun = Instant::now();
    let leaving = join_all(watches.into_iter().map(|mut watch| async move {
        let mut frames = 0;
        while watch.next().await.is_some() {
            frames += 1;
        }
        frames
    }));
    let (frames, ()) = tokio::join!(leaving, world.engine.drain_viewers(WITHIN));
    assert!(begun.elapsed() < WITHIN / 10, "{:?}", begun.elapsed());
    // The state as they came, perhaps the number of viewers, and nothing because of the leaving.
    assert!(frames.iter().all(|frames| *frames <= 2), "{frames:?}");
    let refused = world.engine.watch(poll.id, &browser(1), None).await;
    assert!(matches!(refused, Err(EngineError::ShuttingDown)));
    // Votes go on.
    world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_does_not_leave_is_not_waited_for_beyond_the_time() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut stuck = world.watch(poll.id, &browser(1)).await;
    let begun = Instant::now();
    world.engine.drain_viewers(WITHIN).await;
    let waited = begun.elapsed();
    assert!(waited >= WITHIN && waited < WITHIN * 2, "{waited:?}");
    world.engine.shutdown().await;
    while stuck.next().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn where_nobody_watches_nobody_is_waited_for() {
    let world = World::new();
    let begun = Instant::now();
    world.engine.drain_viewers(WITHIN).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
}
