use super::*;
use crate::ballot::Refusal;
use crate::engine::EngineError;
use crate::engine::Event;
use crate::poll::PollStatus;

#[tokio::test]
async fn opening_and_closing_are_announced_at_their_time() {
    let world = World::new();
    let mut events = world.engine.events();
    let (opens, closes) = (world.later(60), world.later(120));
    let poll = world
        .poll(|draft| {
            draft.opens_at = Some(opens);
            draft.closes_at = Some(closes);
        })
        .await;
    let mut watch = world.watch(poll.id, &browser(9)).await;
    assert_eq!(frame(&mut watch).await.status, PollStatus::Scheduled);
    let early = world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(early, EngineError::Refused(Refusal::NotOpenYet { .. })),
        "{early}"
    );
    world.clock.0.advance(Duration::from_secs(60));
    assert_eq!(
        kind(&mut watch, FrameKind::Changed).await.status,
        PollStatus::Open
    );
    world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    world.clock.0.advance(Duration::from_secs(60));
    let end = kind(&mut watch, FrameKind::Closed).await;
    assert_eq!(
        (end.view.total_votes(), end.view.is_final()),
        (Some(1), true)
    );
    let late = world
        .engine
        .vote(poll.id, &browser(2), first(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(late, EngineError::Refused(Refusal::Closed)),
        "{late}"
    );
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(match event {
            Event::PollCreated { .. } => "created",
            Event::PollOpened { .. } => "opened",
            Event::BallotCast { .. } => "cast",
            Event::PollClosed { .. } => "closed",
            _ => "other",
        });
    }
    assert_eq!(told, ["created", "opened", "cast", "closed"]);
}

#[tokio::test]
async fn polls_that_ended_while_nobody_looked_are_sealed_and_told_once() {
    let before = World::new();
    let closes = before.later(60);
    let poll = before.poll(|draft| draft.closes_at = Some(closes)).await;
    before.engine.shutdown().await;
    let after = World::on(Arc::clone(&before.store), MemoryBroadcaster::new());
    let mut events = after.engine.events();
    after.clock.0.advance(Duration::from_secs(61));
    let told = tokio::time::timeout(Duration::from_secs(2), events.recv())
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(told, Event::PollClosed { poll: closed, .. } if closed.id == poll.id));
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
        "told twice"
    );
}

#[tokio::test]
async fn who_reads_a_poll_past_its_end_sees_a_final_result() {
    let world = World::with(Arc::new(MemoryStore::new()), |builder| {
        // No help from the job.
        builder.config(EngineConfig {
            schedule_interval: Duration::from_secs(3600),
            ..config()
        })
    });
    let closes = world.later(60);
    let poll = world.poll(|draft| draft.closes_at = Some(closes)).await;
    world.clock.0.advance(Duration::from_secs(60));
    let (snapshot, result) = world.engine.result(poll.id, &browser(1)).await.unwrap();
    assert!(snapshot.view.is_final() && snapshot.poll.is_sealed());
    assert!(result.leaders().is_empty());
}

#[tokio::test]
async fn a_poll_that_was_given_another_time_opens_once() {
    let world = World::new();
    let mut events = world.engine.events();
    let (first_plan, second_plan) = (world.later(120), world.later(60));
    let poll = world.poll(|draft| draft.opens_at = Some(first_plan)).await;
    let change = crate::PollChange {
        opens_at: Some(second_plan),
        ..Default::default()
    };
    world
        .engine
        .change_poll(poll.id, change, &browser(1))
        .await
        .unwrap();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        world.clock.0.advance(Duration::from_secs(60));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut opened = 0;
    while let Ok(event) = events.try_recv() {
        opened += usize::from(matches!(event, Event::PollOpened { .. }));
    }
    assert_eq!(opened, 1);
}

#[tokio::test]
async fn polls_that_open_or_close_in_a_crowd_are_all_told() {
    let before = World::new();
    let (opens, closes) = (before.later(60), before.later(60));
    for _ in 0..250 {
        before.poll(|draft| draft.opens_at = Some(opens)).await;
        before.poll(|draft| draft.closes_at = Some(closes)).await;
    }
    before.engine.shutdown().await;
    // An engine that did not make them, as after a restart. It looks 100 ms ahead.
    let after = World::on(Arc::clone(&before.store), MemoryBroadcaster::new());
    let mut events = after.engine.events();
    after.clock.0.advance(Duration::from_millis(59_950));
    tokio::time::sleep(Duration::from_millis(500)).await;
    after.clock.0.advance(Duration::from_secs(1));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (mut opened, mut closed) = (0, 0);
    while let Ok(event) = events.try_recv() {
        opened += usize::from(matches!(event, Event::PollOpened { .. }));
        closed += usize::from(matches!(event, Event::PollClosed { .. }));
    }
    assert_eq!((opened, closed), (250, 250));
}
