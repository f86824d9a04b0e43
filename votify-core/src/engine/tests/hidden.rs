use super::*;
use crate::id::BallotId;
use crate::poll::ResultsPolicy;

async fn hidden(world: &World, results: ResultsPolicy) -> Arc<Poll> {
    world
        .poll(|draft| {
            draft.rules.results = results;
            draft.rules.revote = true;
        })
        .await
}

#[tokio::test]
async fn after_vote_shows_counts_to_voters_alone() {
    let world = World::new();
    let poll = hidden(&world, ResultsPolicy::AfterVote).await;
    let receipt = world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    assert_eq!(receipt.view.total_votes(), Some(1));
    for (caller, total) in [
        (browser(1), Some(1)),
        (browser(2), None),
        (Caller::anonymous(), None),
    ] {
        let snapshot = world.engine.poll(poll.id, &caller).await.unwrap();
        assert_eq!(snapshot.view.total_votes(), total);
    }
}

#[tokio::test]
async fn a_replay_of_a_vote_taken_back_shows_nothing() {
    let world = World::new();
    let poll = hidden(&world, ResultsPolicy::AfterVote).await;
    let id = BallotId::generate(world.clock.now());
    let (engine, voter) = (&world.engine, browser(1));
    engine
        .cast(poll.id, &voter, id, first(&poll))
        .await
        .unwrap();
    let gone = engine
        .vote(poll.id, &voter, Choice::withdraw())
        .await
        .unwrap();
    assert_eq!(gone.view.counts(), None);
    let replayed = engine
        .cast(poll.id, &voter, id, first(&poll))
        .await
        .unwrap();
    assert_eq!(replayed.view.counts(), None);
    assert_eq!(replayed.outcome, crate::Outcome::Replayed { revision: 0 });
}

#[tokio::test]
async fn a_voters_stream_begins_to_carry_counts_once_they_voted() {
    let world = World::new();
    let poll = hidden(&world, ResultsPolicy::AfterVote).await;
    let mut voter = world.watch(poll.id, &browser(1)).await;
    let mut other = world.watch(poll.id, &browser(2)).await;
    assert_eq!(frame(&mut voter).await.view.counts(), None);
    assert_eq!(frame(&mut other).await.view.counts(), None);
    world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    let shown = frame_where(&mut voter, |frame| frame.view.counts().is_some()).await;
    assert_eq!(
        shown.view.total_votes(),
        Some(1),
        "the first counts hold the voter's own"
    );
    world
        .engine
        .vote(poll.id, &browser(1), Choice::withdraw())
        .await
        .unwrap();
    frame_where(&mut voter, |frame| frame.view.counts().is_none()).await;
    let told = tokio::time::timeout(
        Duration::from_millis(500),
        frame_where(&mut other, |f| f.viewers != 2),
    )
    .await;
    assert!(told.is_err(), "a hidden vote was told to who has not voted");
}

#[tokio::test]
async fn a_vote_through_another_engine_opens_the_voters_stream_here() {
    let world = World::new();
    let elsewhere = World::on(Arc::clone(&world.store), MemoryBroadcaster::new());
    let poll = hidden(&world, ResultsPolicy::AfterVote).await;
    let mut watch = world.watch(poll.id, &browser(1)).await;
    assert_eq!(frame(&mut watch).await.view.counts(), None);
    elsewhere
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
}

#[tokio::test]
async fn after_close_shows_counts_to_nobody_before_and_everybody_after() {
    let world = World::new();
    let poll = hidden(&world, ResultsPolicy::AfterClose).await;
    let mut watch = world.watch(poll.id, &browser(1)).await;
    assert_eq!(frame(&mut watch).await.view.counts(), None);
    let receipt = world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    assert_eq!(receipt.view.counts(), None);
    assert_eq!(
        world
            .engine
            .poll(poll.id, &browser(1))
            .await
            .unwrap()
            .view
            .counts(),
        None
    );
    world.engine.close_poll(poll.id, &browser(9)).await.unwrap();
    assert_eq!(
        kind(&mut watch, FrameKind::Closed).await.view.total_votes(),
        Some(1)
    );
}

#[tokio::test]
async fn hidden_votes_show_in_no_number() {
    let world = World::new();
    let mut events = world.engine.events();
    let poll = hidden(&world, ResultsPolicy::AfterClose).await;
    world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    assert_eq!(world.engine.stats().counted, 0);
    events.recv().await.unwrap();
    let crate::Event::BallotCast { outcome, view, .. } = events.recv().await.unwrap() else {
        panic!("no vote told")
    };
    assert_eq!(
        (outcome, view.counts()),
        (crate::Outcome::Counted { revision: 0 }, None)
    );
    let live = world.lunch().await;
    world
        .engine
        .vote(live.id, &browser(1), first(&live))
        .await
        .unwrap();
    assert_eq!(world.engine.stats().counted, 1);
}

#[tokio::test]
async fn a_vote_taken_back_through_another_engine_closes_the_voters_stream_here() {
    let world = World::new();
    let elsewhere = World::on(Arc::clone(&world.store), MemoryBroadcaster::new());
    let poll = hidden(&world, ResultsPolicy::AfterVote).await;
    world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    let mut watch = world.watch(poll.id, &browser(1)).await;
    assert!(frame(&mut watch).await.view.counts().is_some());
    elsewhere
        .engine
        .vote(poll.id, &browser(1), Choice::withdraw())
        .await
        .unwrap();
    frame_where(&mut watch, |frame| frame.view.counts().is_none()).await;
}

#[tokio::test]
async fn who_watches_while_results_become_hidden_sees_counts_after_voting() {
    let world = World::new();
    let poll = world.lunch().await;
    let mut watch = world.watch(poll.id, &browser(1)).await;
    assert!(frame(&mut watch).await.view.counts().is_some());
    let change = crate::PollChange {
        results: Some(ResultsPolicy::AfterVote),
        ..Default::default()
    };
    world
        .engine
        .change_poll(poll.id, change, &browser(9))
        .await
        .unwrap();
    frame_where(&mut watch, |frame| frame.view.counts().is_none()).await;
    world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap();
    frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
}

#[tokio::test]
async fn a_refresh_swallows_no_closing() {
    let world = World::new();
    let poll = hidden(&world, ResultsPolicy::AfterVote).await;
    let mut watch = world.watch(poll.id, &browser(1)).await;
    frame(&mut watch).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    world.engine.close_poll(poll.id, &browser(9)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(watch.refresh().await.unwrap().view.is_final());
    kind(&mut watch, FrameKind::Closed).await;
}
