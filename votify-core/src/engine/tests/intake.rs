use super::gated::Gated;
use super::*;
use crate::engine::EngineError;
use crate::store::StoreError;

fn world(store: &Arc<Gated>, adjust: impl FnOnce(&mut EngineConfig)) -> World {
    let mut config = config();
    adjust(&mut config);
    World::with(Arc::clone(store) as Arc<dyn Store>, |builder| {
        builder.config(config)
    })
}

/// Votes of browsers `from` to `to`, under way.
fn voting(
    world: &World,
    poll: &Arc<Poll>,
    voters: std::ops::Range<u8>,
) -> Vec<tokio::task::JoinHandle<Result<crate::VoteReceipt, EngineError>>> {
    voters
        .map(|n| {
            let (engine, poll) = (world.engine.clone(), Arc::clone(poll));
            tokio::spawn(async move { engine.vote(poll.id, &browser(n), first(&poll)).await })
        })
        .collect()
}

async fn settle() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test]
async fn what_queues_up_while_a_batch_is_written_is_written_together() {
    let store = Gated::new();
    let world = world(&store, |_| {});
    let poll = world.lunch().await;
    let mut votes = voting(&world, &poll, 0..1);
    settle().await;
    votes.extend(voting(&world, &poll, 1..101));
    settle().await;
    store.gate.add_permits(10);
    for vote in votes {
        vote.await.unwrap().unwrap();
    }
    assert_eq!(*store.batches.lock().unwrap(), [1, 100]);
}

#[tokio::test]
async fn a_full_queue_turns_away_at_once_and_loses_nothing() {
    let store = Gated::new();
    let world = world(&store, |config| {
        config.max_queued_ballots = 10;
        config.max_batch_size = 10;
    });
    let poll = world.lunch().await;
    // One batch is being written, and ten more wait.
    let first_batch = voting(&world, &poll, 0..1);
    settle().await;
    let waiting = voting(&world, &poll, 1..11);
    settle().await;
    let too_many = voting(&world, &poll, 11..30);
    for vote in too_many {
        let error = vote.await.unwrap().unwrap_err();
        assert!(
            matches!(error, EngineError::Overloaded { retry_after } if retry_after >= Duration::from_secs(1))
        );
    }
    store.gate.add_permits(10);
    for vote in first_batch.into_iter().chain(waiting) {
        vote.await.unwrap().unwrap();
    }
    assert_eq!(world.engine.stats().overloaded, 19);
    assert_eq!(
        world
            .engine
            .audit_poll(poll.id)
            .await
            .unwrap()
            .stored
            .total_votes,
        11
    );
}

#[tokio::test]
async fn a_caller_who_goes_away_undoes_nothing() {
    let store = Gated::new();
    let world = world(&store, |_| {});
    let poll = world.lunch().await;
    let votes = voting(&world, &poll, 0..5);
    settle().await;
    votes[2].abort();
    store.gate.add_permits(10);
    for (n, vote) in votes.into_iter().enumerate() {
        assert_eq!(vote.await.is_ok(), n != 2);
    }
    assert_eq!(
        world
            .engine
            .audit_poll(poll.id)
            .await
            .unwrap()
            .stored
            .total_votes,
        5
    );
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_unavailable_in_time() {
    let store = Gated::new();
    let world = world(&store, |config| {
        config.store_timeout = Duration::from_millis(100);
    });
    let poll = world.lunch().await;
    let error = world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, EngineError::Store(StoreError::Unavailable { .. })),
        "{error}"
    );
    store.gate.add_permits(10);
    assert!(
        world
            .engine
            .vote(poll.id, &browser(1), first(&poll))
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn votes_that_waited_for_a_silent_store_are_answered_in_time_too() {
    let limit = Duration::from_secs(4);
    let store = Gated::new();
    let world = world(&store, |config| config.store_timeout = limit);
    let poll = world.lunch().await;
    let votes = (0..60_u8).map(|n| {
        let (engine, poll) = (world.engine.clone(), poll.clone());
        tokio::spawn(async move {
            tokio::time::sleep(u32::from(n) * Duration::from_millis(250)).await;
            let since = tokio::time::Instant::now();
            let answer = engine.vote(poll.id, &browser(n), first(&poll)).await;
            (answer, since.elapsed())
        })
    });
    for vote in votes.collect::<Vec<_>>() {
        let (answer, time) = vote.await.unwrap();
        assert!(
            matches!(
                answer,
                Err(EngineError::Store(StoreError::Unavailable { .. }))
            ),
            "{answer:?}"
        );
        assert!(time <= limit + Duration::from_millis(10), "{time:?}");
    }
    store.gate.add_permits(10);
    let voter = browser(100);
    let vote = world.engine.vote(poll.id, &voter, first(&poll)).await;
    assert!(vote.is_ok(), "{vote:?}");
}

#[tokio::test]
async fn a_store_that_panics_fails_its_batch_alone() {
    let store = Gated::new();
    let world = world(&store, |_| {});
    let poll = world.lunch().await;
    store.gate.add_permits(10);
    store
        .panics
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let error = world
        .engine
        .vote(poll.id, &browser(1), first(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(error, EngineError::Store(StoreError::Unavailable { .. })),
        "{error}"
    );
    store
        .panics
        .store(false, std::sync::atomic::Ordering::SeqCst);
    assert!(
        world
            .engine
            .vote(poll.id, &browser(1), first(&poll))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn shutting_down_finishes_the_votes_in_hand() {
    let store = Gated::new();
    let world = world(&store, |_| {});
    let poll = world.lunch().await;
    let votes = voting(&world, &poll, 0..20);
    settle().await;
    let ending = tokio::spawn({
        let engine = world.engine.clone();
        async move { engine.shutdown().await }
    });
    settle().await;
    store.gate.add_permits(10);
    for vote in votes {
        vote.await.unwrap().unwrap();
    }
    ending.await.unwrap();
}
