use super::*;
use crate::id::BallotId;
use crate::poll::ResultsPolicy;
use crate::voter::Actor;

async fn create_hidden_poll(harness: &Harness, results: ResultsPolicy) -> Arc<Poll> {
    harness
        .create_poll_with(|draft| {
            draft.rules.results = results;
            draft.rules.revote = true;
        })
        .await
}

#[tokio::test]
async fn after_vote_policy_shows_counts_only_to_voters() {
    let harness = Harness::new();
    let poll = create_hidden_poll(&harness, ResultsPolicy::AfterVote).await;
    let receipt = harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    assert_eq!(receipt.view.total_votes(), Some(1));
    for (caller, total) in [
        (browser(1), Some(1)),
        (browser(2), None),
        (Caller::anonymous(), None),
    ] {
        let snapshot = harness.engine.poll(poll.id, &caller).await.unwrap();
        assert_eq!(snapshot.view.total_votes(), total);
    }
}

#[tokio::test]
async fn replay_of_a_withdrawn_ballot_hides_counts() {
    let harness = Harness::new();
    let poll = create_hidden_poll(&harness, ResultsPolicy::AfterVote).await;
    let id = BallotId::generate(harness.clock.now());
    let (engine, voter) = (&harness.engine, browser(1));
    engine
        .cast(poll.id, &voter, id, first_option(&poll))
        .await
        .unwrap();
    let withdrawn = engine
        .vote(poll.id, &voter, Choice::withdraw())
        .await
        .unwrap();
    assert_eq!(withdrawn.view.counts(), None);
    let replayed = engine
        .cast(poll.id, &voter, id, first_option(&poll))
        .await
        .unwrap();
    assert_eq!(replayed.view.counts(), None);
    assert_eq!(
        replayed.outcome,
        crate::VoteOutcome::Replayed { revision: 0 }
    );
}

#[tokio::test]
async fn watch_shows_counts_after_its_viewer_voted() {
    let harness = Harness::new();
    let poll = create_hidden_poll(&harness, ResultsPolicy::AfterVote).await;
    let mut voter = harness.watch(poll.id, &browser(1)).await;
    let mut other = harness.watch(poll.id, &browser(2)).await;
    assert_eq!(next_frame(&mut voter).await.view.counts(), None);
    assert_eq!(next_frame(&mut other).await.view.counts(), None);
    harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    let shown = frame_where(&mut voter, |frame| frame.view.counts().is_some()).await;
    assert_eq!(
        shown.view.total_votes(),
        Some(1),
        "the first counts do not contain the voter's own ballot"
    );
    harness
        .engine
        .vote(poll.id, &browser(1), Choice::withdraw())
        .await
        .unwrap();
    frame_where(&mut voter, |frame| frame.view.counts().is_none()).await;
    let frame = tokio::time::timeout(
        Duration::from_millis(500),
        frame_where(&mut other, |f| f.viewers != 2),
    )
    .await;
    assert!(
        frame.is_err(),
        "a viewer without a vote received a frame for a hidden vote"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_frame_shows_the_counts_after_a_withdrawal_to_its_voter() {
    let harness = Harness::new();
    let poll = create_hidden_poll(&harness, ResultsPolicy::AfterVote).await;
    let voter = browser(1);
    let mut watch = harness.watch(poll.id, &voter).await;
    let vote = async |choice| harness.engine.vote(poll.id, &voter, choice).await.unwrap();
    for round in 0..20 {
        vote(first_option(&poll)).await;
        frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
        vote(Choice::withdraw()).await;
        frame_where(&mut watch, |frame| {
            let total = frame.view.total_votes();
            assert_ne!(total, Some(0), "round {round}");
            total.is_none()
        })
        .await;
    }
}

#[tokio::test]
async fn vote_through_another_engine_shows_counts_to_the_voter() {
    let harness = Harness::new();
    let other_engine = Harness::on(Arc::clone(&harness.store), MemoryBroadcaster::new());
    let poll = create_hidden_poll(&harness, ResultsPolicy::AfterVote).await;
    let mut watch = harness.watch(poll.id, &browser(1)).await;
    assert_eq!(next_frame(&mut watch).await.view.counts(), None);
    other_engine
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
}

#[tokio::test]
async fn after_close_policy_shows_counts_to_all_once_closed() {
    let harness = Harness::new();
    let poll = create_hidden_poll(&harness, ResultsPolicy::AfterClose).await;
    let mut watch = harness.watch(poll.id, &browser(1)).await;
    assert_eq!(next_frame(&mut watch).await.view.counts(), None);
    let receipt = harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    assert_eq!(receipt.view.counts(), None);
    assert_eq!(
        harness
            .engine
            .poll(poll.id, &browser(1))
            .await
            .unwrap()
            .view
            .counts(),
        None
    );
    harness
        .engine
        .close_poll(poll.id, Actor::Host)
        .await
        .unwrap();
    assert_eq!(
        frame_of_kind(&mut watch, FrameKind::Closed)
            .await
            .view
            .total_votes(),
        Some(1)
    );
}

#[tokio::test]
async fn hidden_votes_are_in_no_statistic() {
    let harness = Harness::new();
    let mut events = harness.engine.events();
    let poll = create_hidden_poll(&harness, ResultsPolicy::AfterClose).await;
    harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    assert_eq!(harness.engine.stats().counted, 0);
    events.recv().await.unwrap();
    let crate::Event::BallotCast { outcome, view, .. } = events.recv().await.unwrap() else {
        panic!("the event is not a cast ballot")
    };
    assert_eq!(
        (outcome, view.counts()),
        (crate::VoteOutcome::Counted { revision: 0 }, None)
    );
    let live = harness.create_poll().await;
    harness
        .engine
        .vote(live.id, &browser(1), first_option(&live))
        .await
        .unwrap();
    assert_eq!(harness.engine.stats().counted, 1);
}

#[tokio::test]
async fn withdrawal_through_another_engine_hides_counts() {
    let harness = Harness::new();
    let other_engine = Harness::on(Arc::clone(&harness.store), MemoryBroadcaster::new());
    let poll = create_hidden_poll(&harness, ResultsPolicy::AfterVote).await;
    harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    let mut watch = harness.watch(poll.id, &browser(1)).await;
    assert!(next_frame(&mut watch).await.view.counts().is_some());
    other_engine
        .engine
        .vote(poll.id, &browser(1), Choice::withdraw())
        .await
        .unwrap();
    frame_where(&mut watch, |frame| frame.view.counts().is_none()).await;
}

#[tokio::test]
async fn viewer_sees_counts_after_voting_when_results_become_hidden() {
    let harness = Harness::new();
    let poll = harness.create_poll().await;
    let mut watch = harness.watch(poll.id, &browser(1)).await;
    assert!(next_frame(&mut watch).await.view.counts().is_some());
    let change = crate::PollChange {
        results: Some(ResultsPolicy::AfterVote),
        ..Default::default()
    };
    harness
        .engine
        .change_poll(poll.id, change, Actor::Host)
        .await
        .unwrap();
    frame_where(&mut watch, |frame| frame.view.counts().is_none()).await;
    harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap();
    frame_where(&mut watch, |frame| frame.view.total_votes() == Some(1)).await;
}

#[tokio::test]
async fn refresh_does_not_suppress_the_closed_frame() {
    let harness = Harness::new();
    let poll = create_hidden_poll(&harness, ResultsPolicy::AfterVote).await;
    let mut watch = harness.watch(poll.id, &browser(1)).await;
    next_frame(&mut watch).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    harness
        .engine
        .close_poll(poll.id, Actor::Host)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(watch.refresh().await.unwrap().view.is_final());
    frame_of_kind(&mut watch, FrameKind::Closed).await;
}
