//! Many viewers that reconnect at once, and the cleanup of empty rooms.

use futures_util::future::join_all;
use tokio::time::sleep;

use super::pausable_store::PausableStore;
use super::*;
use crate::tally::{Position, ViewPosition};

const VIEWERS: usize = 2_000;

/// Has many viewers join at once, after they received `after`.
async fn reconnect(harness: &Harness, poll: PollId, after: ViewPosition) -> Vec<Watch> {
    let viewer = browser(9);
    let joining = (0..VIEWERS).map(|_| harness.engine.watch(poll, &viewer, Some(after)));
    let joined = join_all(joining).await;
    joined.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(start_paused = true)]
async fn reconnecting_viewers_share_one_read_of_the_store() {
    let store = PausableStore::new();
    store.cast_permits.add_permits(1);
    // A resync would add reads.
    let harness = Harness::with(Arc::clone(&store) as Arc<dyn Store>, |builder| {
        builder.config(EngineConfig {
            resync_interval: Duration::from_secs(3_600),
            ..config()
        })
    });
    let other_engine = Harness::on(Arc::clone(&harness.store), MemoryBroadcaster::new());
    let poll = harness.create_poll().await;
    let position = |revision| ViewPosition::Shown(Position { epoch: 1, revision });
    // The first resync is over.
    sleep(Duration::from_secs(1)).await;
    store.take_reads();
    let mut first_time = reconnect(&harness, poll.id, position(0)).await;
    assert!(
        store.take_reads().1 <= 1,
        "opening a room takes more than one read"
    );
    other_engine
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    store.take_reads();
    let mut second_time = reconnect(&harness, poll.id, position(1)).await;
    let (polls, tallies) = store.take_reads();
    assert!(polls + tallies <= 1, "{polls} and {tallies} reads");
    for watch in second_time.iter_mut().chain(&mut first_time) {
        let newest = frame_where(watch, |frame| frame.view.total_votes() == Some(1)).await;
        assert_eq!(newest.view.position(), position(1));
    }
}

#[tokio::test(start_paused = true)]
async fn empty_rooms_leave_no_tasks_or_subscriptions() {
    let broadcaster = MemoryBroadcaster::new();
    let harness = Harness::on(Arc::new(MemoryStore::new()), broadcaster.clone());
    let tasks = harness.engine.inner.tasks.len();
    for n in 0..50 {
        let poll = harness.create_poll().await;
        let mut watch = harness.watch(poll.id, &browser(n)).await;
        let voted = harness
            .engine
            .vote(poll.id, &browser(n), first_option(&poll))
            .await;
        voted.unwrap();
        frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
    }
    sleep(Duration::from_secs(30)).await;
    let stats = harness.engine.stats();
    assert_eq!((stats.viewers, stats.watched_polls), (0, 0));
    assert_eq!(broadcaster.topic_count(), 0, "subscriptions remain");
    assert_eq!(harness.engine.inner.tasks.len(), tasks, "tasks remain");
    let held = harness.engine.inner.notifier.update_sender.poll_count();
    assert_eq!(held, 0, "the update sender still holds polls");
}
