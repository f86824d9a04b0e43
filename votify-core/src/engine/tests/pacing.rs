//! How fast a room shows, by a clock that the test moves.

use futures_util::FutureExt;
use tokio::time::{Instant, advance, sleep};

use super::*;

const TICK: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(5);

async fn vote(world: &World, poll: &Poll, n: u8) {
    let voted = world.engine.vote(poll.id, &browser(n), first(poll)).await;
    voted.unwrap();
}

/// Has a viewer wait for a state, and come for it so late, as on a machine that has too much to do.
async fn take_late(world: &World, poll: &Poll, watch: &mut Watch, n: u8, late: Duration) {
    let mut next = Box::pin(watch.next());
    assert!(next.as_mut().now_or_never().is_none(), "nothing new yet");
    vote(world, poll, n).await;
    sleep(LONG).await;
    advance(late).await;
    next.await.unwrap();
}

/// How long it takes from one state to the next while the poll changes all the time.
async fn pace(world: &World, poll: &Poll, watch: &mut Watch, n: u8) -> Duration {
    sleep(LONG).await;
    vote(world, poll, n).await;
    watch.next().await.unwrap();
    let shown = Instant::now();
    vote(world, poll, n + 1).await;
    watch.next().await.unwrap();
    shown.elapsed()
}

fn slack(tick: Duration) -> std::ops::RangeInclusive<Duration> {
    // The runtime's clock has whole milliseconds.
    let grain = Duration::from_millis(2);
    tick.saturating_sub(grain)..=tick + grain
}

#[tokio::test(start_paused = true)]
async fn the_first_change_is_shown_at_once_and_then_one_every_tick() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut watch = world.watch(poll.id, &browser(0)).await;
    frame(&mut watch).await;
    sleep(LONG).await;
    let begun = Instant::now();
    vote(&world, &poll, 1).await;
    frame(&mut watch).await;
    assert!(begun.elapsed() < TICK, "{:?}", begun.elapsed());
    let pace = pace(&world, &poll, &mut watch, 2).await;
    assert!(slack(TICK).contains(&pace), "{pace:?}");
}

#[tokio::test(start_paused = true)]
async fn a_room_is_slower_while_its_viewers_come_late_and_then_fast_again() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut watch = world.watch(poll.id, &browser(0)).await;
    frame(&mut watch).await;
    for n in 1..=8 {
        take_late(&world, &poll, &mut watch, n, LONG * 3).await;
    }
    let slow = pace(&world, &poll, &mut watch, 10).await;
    let slowest = config().max_update_interval;
    assert!(slow > TICK * 4 && slow <= *slack(slowest).end(), "{slow:?}");
    for n in 0..10 {
        pace(&world, &poll, &mut watch, 20 + 2 * n).await;
    }
    let fast = pace(&world, &poll, &mut watch, 50).await;
    assert!(slack(TICK).contains(&fast), "{fast:?}");
}

#[tokio::test(start_paused = true)]
async fn a_viewer_who_is_busy_slows_nobody() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut watch = world.watch(poll.id, &browser(0)).await;
    let mut busy = world.watch(poll.id, &browser(99)).await;
    frame(&mut watch).await;
    frame(&mut busy).await;
    for n in 1..=8 {
        // Its client takes seconds for each state, and then it takes the newest.
        vote(&world, &poll, n).await;
        frame(&mut watch).await;
        sleep(LONG).await;
        frame(&mut busy).await;
    }
    let pace = pace(&world, &poll, &mut watch, 10).await;
    assert!(slack(TICK).contains(&pace), "{pace:?}");
}
