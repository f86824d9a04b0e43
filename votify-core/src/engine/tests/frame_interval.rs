//! The interval between frames, with paused time.

use futures_util::FutureExt;
use tokio::time::{Instant, advance, sleep};

use super::*;

const INTERVAL: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_secs(5);

async fn vote(harness: &Harness, poll: &Poll, n: u8) {
    let voted = harness
        .engine
        .vote(poll.id, &browser(n), first_option(poll))
        .await;
    voted.unwrap();
}

/// Lets a waiting viewer take a state `latency` after its publication, as on an
/// overloaded machine.
async fn take_with_latency(
    harness: &Harness,
    poll: &Poll,
    watch: &mut Watch,
    n: u8,
    latency: Duration,
) {
    let mut next = Box::pin(watch.next());
    assert!(
        next.as_mut().now_or_never().is_none(),
        "a frame is available before the vote"
    );
    vote(harness, poll, n).await;
    sleep(PAUSE).await;
    advance(latency).await;
    next.await.unwrap();
}

/// Returns the time between two frames of a poll that changes all the time.
async fn interval(harness: &Harness, poll: &Poll, watch: &mut Watch, n: u8) -> Duration {
    sleep(PAUSE).await;
    vote(harness, poll, n).await;
    watch.next().await.unwrap();
    let published = Instant::now();
    vote(harness, poll, n + 1).await;
    watch.next().await.unwrap();
    published.elapsed()
}

fn about(interval: Duration) -> std::ops::RangeInclusive<Duration> {
    // The runtime's clock has a resolution of 1 ms.
    let tolerance = Duration::from_millis(2);
    interval.saturating_sub(tolerance)..=interval + tolerance
}

#[tokio::test(start_paused = true)]
async fn first_change_is_sent_at_once_then_one_per_interval() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut watch = harness.watch(poll.id, &browser(0)).await;
    next_frame(&mut watch).await;
    sleep(PAUSE).await;
    let started = Instant::now();
    vote(&harness, &poll, 1).await;
    next_frame(&mut watch).await;
    assert!(started.elapsed() < INTERVAL, "{:?}", started.elapsed());
    let interval = interval(&harness, &poll, &mut watch, 2).await;
    assert!(about(INTERVAL).contains(&interval), "{interval:?}");
}

#[tokio::test(start_paused = true)]
async fn interval_grows_with_latency_and_recovers() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut watch = harness.watch(poll.id, &browser(0)).await;
    next_frame(&mut watch).await;
    for n in 1..=8 {
        take_with_latency(&harness, &poll, &mut watch, n, PAUSE * 3).await;
    }
    let slow = interval(&harness, &poll, &mut watch, 10).await;
    let max = config().max_update_interval;
    assert!(slow > INTERVAL * 4 && slow <= *about(max).end(), "{slow:?}");
    for n in 0..10 {
        interval(&harness, &poll, &mut watch, 20 + 2 * n).await;
    }
    let fast = interval(&harness, &poll, &mut watch, 50).await;
    assert!(about(INTERVAL).contains(&fast), "{fast:?}");
}

#[tokio::test(start_paused = true)]
async fn busy_viewer_does_not_slow_others() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut watch = harness.watch(poll.id, &browser(0)).await;
    let mut busy = harness.watch(poll.id, &browser(99)).await;
    next_frame(&mut watch).await;
    next_frame(&mut busy).await;
    for n in 1..=8 {
        // The client of this viewer is busy for seconds, and then takes the newest state.
        vote(&harness, &poll, n).await;
        next_frame(&mut watch).await;
        sleep(PAUSE).await;
        next_frame(&mut busy).await;
    }
    let interval = interval(&harness, &poll, &mut watch, 10).await;
    assert!(about(INTERVAL).contains(&interval), "{interval:?}");
}
