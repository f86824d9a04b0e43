use super::*;
use crate::engine::EngineError;
use crate::poll::{PollChange, PollStatus};
use crate::tally::Position;
use crate::tally::ViewPosition;
use crate::voter::Actor;

#[tokio::test]
async fn first_frame_is_the_current_state_and_votes_follow() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    let mut watch = harness.watch(poll.id, &browser(9)).await;
    let current = next_frame(&mut watch).await;
    assert_eq!(
        (current.kind, current.view.total_votes()),
        (FrameKind::Updated, Some(1))
    );
    harness
        .engine
        .vote(poll.id, &browser(2), first_option(&poll))
        .await
        .unwrap();
    let update = frame_where(&mut watch, |frame| frame.view.total_votes() == Some(2)).await;
    assert_eq!(&*update.vote_sample, [poll.options[0].id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_votes_are_merged_and_the_last_state_arrives() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut watch = harness.watch(poll.id, &browser(0)).await;
    let voting = {
        let (engine, poll) = (harness.engine.clone(), Arc::clone(&poll));
        tokio::spawn(async move {
            for n in 0..2_000_u16 {
                let mut session = [7; 16];
                session[..2].copy_from_slice(&n.to_le_bytes());
                let voter = Caller::session(SessionId::from_bytes(session));
                engine
                    .vote(poll.id, &voter, first_option(&poll))
                    .await
                    .unwrap();
            }
        })
    };
    let (mut frames, mut last) = (0, None);
    while last != Some(2_000) {
        let frame = next_frame(&mut watch).await;
        assert!(frame.view.total_votes() >= last, "counts decreased");
        last = frame.view.total_votes();
        frames += 1;
    }
    voting.await.unwrap();
    assert!(
        frames < 1_000,
        "{frames} frames for 2 000 votes are not merged"
    );
}

#[tokio::test]
async fn edit_and_closing_have_separate_frames() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut watch = harness.watch(poll.id, &browser(9)).await;
    next_frame(&mut watch).await;
    let change = PollChange {
        title: Some("Dinner?".into()),
        ..PollChange::default()
    };
    harness
        .engine
        .change_poll(poll.id, change, Actor::Host)
        .await
        .unwrap();
    assert_eq!(
        frame_of_kind(&mut watch, FrameKind::Changed)
            .await
            .poll
            .title,
        "Dinner?"
    );
    assert_eq!(next_frame(&mut watch).await.kind, FrameKind::Updated);
    let closed = harness
        .engine
        .close_poll(poll.id, Actor::Host)
        .await
        .unwrap();
    let last = frame_of_kind(&mut watch, FrameKind::Closed).await;
    assert!(last.view.is_final() && last.status == PollStatus::Closed);
    assert_eq!(last.view, closed.view);
    let mut late_watch = harness.watch(poll.id, &browser(9)).await;
    assert_eq!(next_frame(&mut late_watch).await.kind, FrameKind::Updated);
    assert_eq!(next_frame(&mut late_watch).await.kind, FrameKind::Closed);
    harness
        .engine
        .delete_poll(poll.id, Actor::Host)
        .await
        .unwrap();
    for mut watch in [watch, late_watch] {
        frame_of_kind(&mut watch, FrameKind::Deleted).await;
        assert!(watch.next().await.is_none());
    }
}

#[tokio::test]
async fn watching_an_unknown_poll_is_not_found() {
    let harness = Harness::new();
    let unknown = PollId::generate(harness.clock.now());
    let error = harness
        .engine
        .watch(unknown, &browser(1), None)
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::PollNotFound(_)), "{error}");
}

#[tokio::test]
async fn reconnected_viewer_gets_nothing_older() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut watch = harness.watch(poll.id, &browser(9)).await;
    next_frame(&mut watch).await;
    // Without a common broadcaster, the room is behind the store after this vote.
    let other_engine = Harness::on(Arc::clone(&harness.store), MemoryBroadcaster::new());
    other_engine
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    let position = ViewPosition::Shown(Position {
        epoch: 1,
        revision: 1,
    });
    let mut reconnected = harness
        .engine
        .watch(poll.id, &browser(9), Some(position))
        .await
        .unwrap();
    assert_eq!(next_frame(&mut reconnected).await.view.position(), position);
    // A position above the store's belongs to another history.
    let foreign = ViewPosition::Shown(Position {
        epoch: 1,
        revision: 99,
    });
    let mut restarted = harness
        .engine
        .watch(poll.id, &browser(9), Some(foreign))
        .await
        .unwrap();
    assert_eq!(next_frame(&mut restarted).await.view.position(), position);
}

#[tokio::test]
async fn viewers_are_counted_and_empty_rooms_are_closed() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut one = harness.watch(poll.id, &browser(1)).await;
    let two = harness.watch(poll.id, &browser(2)).await;
    frame_where(&mut one, |frame| frame.viewers == 2).await;
    assert_eq!(
        (
            harness.engine.stats().viewers,
            harness.engine.stats().watched_polls
        ),
        (2, 1)
    );
    drop(two);
    frame_where(&mut one, |frame| frame.viewers == 1).await;
    drop(one);
    let closed = async {
        while harness.engine.stats().watched_polls > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed)
        .await
        .expect("the empty room was not closed");
    assert_eq!(harness.engine.stats().viewers, 0);
}

#[tokio::test]
async fn frame_is_rendered_once_for_all_viewers() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let (mut one, mut two) = (
        harness.watch(poll.id, &browser(1)).await,
        harness.watch(poll.id, &browser(2)).await,
    );
    let (one, two) = (next_frame(&mut one).await, next_frame(&mut two).await);
    assert!(Arc::ptr_eq(&one, &two));
    let bytes = one.rendered(crate::engine::live::FrameFormat::Message, |_| {
        bytes::Bytes::from_static(b"once")
    });
    let again = two.rendered(crate::engine::live::FrameFormat::Message, |_| {
        unreachable!("the frame is rendered already")
    });
    assert_eq!(bytes, again);
}

#[tokio::test]
async fn repair_is_published_under_the_next_epoch() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    let mut watch = harness.watch(poll.id, &browser(9)).await;
    next_frame(&mut watch).await;
    harness.engine.repair_poll(poll.id).await.unwrap();
    let repaired = frame_where(&mut watch, |frame| frame.view.position().epoch() == 2).await;
    assert_eq!(repaired.view.total_votes(), Some(1));
}

#[tokio::test]
async fn shutdown_ends_every_watch() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut watch = harness.watch(poll.id, &browser(9)).await;
    next_frame(&mut watch).await;
    harness.engine.shutdown().await;
    assert!(watch.next().await.is_none());
    let error = harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::ShuttingDown), "{error}");
}

#[tokio::test]
async fn single_vote_is_in_one_frame() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut watch = harness.watch(poll.id, &browser(9)).await;
    next_frame(&mut watch).await;
    let voting = async {
        for n in 1..=3 {
            // Far enough apart that each update is sent at once, and its echo too.
            tokio::time::sleep(Duration::from_millis(150)).await;
            harness
                .engine
                .vote(poll.id, &browser(n), first_option(&poll))
                .await
                .unwrap();
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    let mut votes = 0;
    let watching = async {
        while let Some(frame) = watch.next().await {
            votes += frame.vote_sample.len();
        }
    };
    tokio::select! {
        () = voting => {}
        () = watching => {}
    }
    assert_eq!(votes, 3);
}

/// A broadcaster whose calls never return.
#[derive(Debug)]
struct Unresponsive;

#[async_trait::async_trait]
impl Broadcaster for Unresponsive {
    fn backend(&self) -> &'static str {
        "unresponsive"
    }

    async fn publish(
        &self,
        _: &[crate::broadcast::Update],
    ) -> Result<(), crate::broadcast::BroadcastError> {
        std::future::pending().await
    }

    async fn subscribe(
        &self,
        _: &crate::broadcast::Topic,
    ) -> Result<crate::broadcast::DeliveryStream, crate::broadcast::BroadcastError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn unresponsive_broadcaster_delays_neither_votes_nor_shutdown() {
    let harness = Harness::with(Arc::new(MemoryStore::new()), |builder| {
        let store_timeout = Duration::from_millis(200);
        builder
            .broadcaster(Unresponsive)
            .config(crate::engine::EngineConfig {
                store_timeout,
                ..config()
            })
    });
    let poll = harness.create_poll().await;
    harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(2), harness.engine.shutdown());
    ended.await.expect("the shutdown did not end");
}
