use super::*;
use crate::engine::EngineError;
use crate::poll::{PollChange, PollStatus};
use crate::tally::Position;
use crate::tally::ViewPosition;

#[tokio::test]
async fn the_first_frame_is_the_current_state_and_votes_follow() {
    let world = World::new();
    let poll = world.lunch().await;
    world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    let mut watch = world.watch(poll.id, &browser(9)).await;
    let now = frame(&mut watch).await;
    assert_eq!(
        (now.kind, now.view.total_votes()),
        (FrameKind::Updated, Some(1))
    );
    world
        .engine
        .vote(poll.id, &browser(2), first(&poll))
        .await
        .unwrap();
    let then = frame_where(&mut watch, |frame| frame.view.total_votes() == Some(2)).await;
    assert_eq!(&*then.votes, [poll.options[0].id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_merged_and_its_end_arrives() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut watch = world.watch(poll.id, &browser(0)).await;
    let voting = {
        let (engine, poll) = (world.engine.clone(), Arc::clone(&poll));
        tokio::spawn(async move {
            for n in 0..2_000_u16 {
                let mut session = [7; 16];
                session[..2].copy_from_slice(&n.to_le_bytes());
                let voter = Caller::session(SessionId::from_bytes(session));
                engine.vote(poll.id, &voter, first(&poll)).await.unwrap();
            }
        })
    };
    let (mut frames, mut last) = (0, None);
    while last != Some(2_000) {
        let frame = frame(&mut watch).await;
        assert!(frame.view.total_votes() >= last, "counts went down");
        last = frame.view.total_votes();
        frames += 1;
    }
    voting.await.unwrap();
    assert!(
        frames < 1_000,
        "{frames} frames for 2 000 votes: not merged"
    );
}

#[tokio::test]
async fn an_edit_and_the_end_have_frames_of_their_own() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut watch = world.watch(poll.id, &browser(9)).await;
    frame(&mut watch).await;
    let change = PollChange {
        title: Some("Dinner?".into()),
        ..PollChange::default()
    };
    world
        .engine
        .change_poll(poll.id, change, &browser(1))
        .await
        .unwrap();
    assert_eq!(
        kind(&mut watch, FrameKind::Changed).await.poll.title,
        "Dinner?"
    );
    assert_eq!(frame(&mut watch).await.kind, FrameKind::Updated);
    let closed = world.engine.close_poll(poll.id, &browser(1)).await.unwrap();
    let last = kind(&mut watch, FrameKind::Closed).await;
    assert!(last.view.is_final() && last.status == PollStatus::Closed);
    assert_eq!(last.view, closed.view);
    let mut late = world.watch(poll.id, &browser(9)).await;
    assert_eq!(frame(&mut late).await.kind, FrameKind::Updated);
    assert_eq!(frame(&mut late).await.kind, FrameKind::Closed);
    world.engine.delete_poll(poll.id).await.unwrap();
    for mut watch in [watch, late] {
        kind(&mut watch, FrameKind::Deleted).await;
        assert!(watch.next().await.is_none());
    }
}

#[tokio::test]
async fn a_poll_that_does_not_exist_cannot_be_watched() {
    let world = World::new();
    let nobody = PollId::generate(world.clock.now());
    let error = world
        .engine
        .watch(nobody, &browser(1), None)
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::PollNotFound(_)), "{error}");
}

#[tokio::test]
async fn who_comes_back_sees_nothing_older() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut watch = world.watch(poll.id, &browser(9)).await;
    frame(&mut watch).await;
    // A vote through another engine without common news: the room here is behind the store.
    let elsewhere = World::on(Arc::clone(&world.store), MemoryBroadcaster::new());
    elsewhere
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    let seen = ViewPosition::Shown(Position {
        epoch: 1,
        revision: 1,
    });
    let mut back = world
        .engine
        .watch(poll.id, &browser(9), Some(seen))
        .await
        .unwrap();
    assert_eq!(frame(&mut back).await.view.position(), seen);
    // A position that the store itself does not know is of another history.
    let strange = ViewPosition::Shown(Position {
        epoch: 1,
        revision: 99,
    });
    let mut afresh = world
        .engine
        .watch(poll.id, &browser(9), Some(strange))
        .await
        .unwrap();
    assert_eq!(frame(&mut afresh).await.view.position(), seen);
}

#[tokio::test]
async fn viewers_are_counted_and_empty_rooms_close() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut one = world.watch(poll.id, &browser(1)).await;
    let two = world.watch(poll.id, &browser(2)).await;
    frame_where(&mut one, |frame| frame.viewers == 2).await;
    assert_eq!(
        (
            world.engine.stats().viewers,
            world.engine.stats().watched_polls
        ),
        (2, 1)
    );
    drop(two);
    frame_where(&mut one, |frame| frame.viewers == 1).await;
    drop(one);
    let closed = async {
        while world.engine.stats().watched_polls > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed)
        .await
        .expect("the empty room stays open");
    assert_eq!(world.engine.stats().viewers, 0);
}

#[tokio::test]
async fn a_frame_is_rendered_once_for_all() {
    let world = World::new();
    let poll = world.lunch().await;
    let (mut one, mut two) = (
        world.watch(poll.id, &browser(1)).await,
        world.watch(poll.id, &browser(2)).await,
    );
    let (one, two) = (frame(&mut one).await, frame(&mut two).await);
    assert!(Arc::ptr_eq(&one, &two));
    let bytes = one.rendered(crate::engine::live::Rendering::Message, |_| {
        bytes::Bytes::from_static(b"once")
    });
    let again = two.rendered(crate::engine::live::Rendering::Message, |_| {
        unreachable!("rendered already")
    });
    assert_eq!(bytes, again);
}

#[tokio::test]
async fn a_repair_shows_under_the_next_epoch() {
    let world = World::new();
    let poll = world.lunch().await;
    world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    let mut watch = world.watch(poll.id, &browser(9)).await;
    frame(&mut watch).await;
    world.engine.repair_poll(poll.id).await.unwrap();
    let repaired = frame_where(&mut watch, |frame| frame.view.position().epoch() == 2).await;
    assert_eq!(repaired.view.total_votes(), Some(1));
}

#[tokio::test]
async fn shutting_down_ends_every_watch() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut watch = world.watch(poll.id, &browser(9)).await;
    frame(&mut watch).await;
    world.engine.shutdown().await;
    assert!(watch.next().await.is_none());
    let error = world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::ShuttingDown), "{error}");
}

#[tokio::test]
async fn a_single_vote_is_told_once() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut watch = world.watch(poll.id, &browser(9)).await;
    frame(&mut watch).await;
    let voting = async {
        for n in 1..=3 {
            // Far enough apart that each is news at once, and its echo comes back at once.
            tokio::time::sleep(Duration::from_millis(150)).await;
            world
                .engine
                .vote(poll.id, &browser(n), first(&poll))
                .await
                .unwrap();
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    let mut told = 0;
    let listening = async {
        while let Some(frame) = watch.next().await {
            told += frame.votes.len();
        }
    };
    tokio::select! {
        () = voting => {}
        () = listening => {}
    }
    assert_eq!(told, 3);
}

/// A broadcaster whose far end has gone silent.
#[derive(Debug)]
struct Silent;

#[async_trait::async_trait]
impl Broadcaster for Silent {
    fn backend(&self) -> &'static str {
        "silent"
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
async fn a_silent_broadcaster_holds_up_neither_votes_nor_the_end() {
    let world = World::with(Arc::new(MemoryStore::new()), |builder| {
        let store_timeout = Duration::from_millis(200);
        builder
            .broadcaster(Silent)
            .config(crate::engine::EngineConfig {
                store_timeout,
                ..config()
            })
    });
    let poll = world.lunch().await;
    world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(2), world.engine.shutdown());
    ended.await.expect("the engine does not end");
}
