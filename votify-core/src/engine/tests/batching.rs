use super::pausable_store::PausableStore;
use super::*;
use crate::engine::EngineError;
use crate::store::StoreError;

fn harness(store: &Arc<PausableStore>, adjust: impl FnOnce(&mut EngineConfig)) -> Harness {
    let mut config = config();
    adjust(&mut config);
    Harness::with(Arc::clone(store) as Arc<dyn Store>, |builder| {
        builder.config(config)
    })
}

/// Spawns the votes of a range of browsers.
fn spawn_votes(
    harness: &Harness,
    poll: &Arc<Poll>,
    voters: std::ops::Range<u8>,
) -> Vec<tokio::task::JoinHandle<Result<crate::VoteReceipt, EngineError>>> {
    voters
        .map(|n| {
            let (engine, poll) = (harness.engine.clone(), Arc::clone(poll));
            tokio::spawn(
                async move { engine.vote(poll.id, &browser(n), first_option(&poll)).await },
            )
        })
        .collect()
}

async fn wait_for_queue() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test]
async fn votes_queued_during_a_batch_form_the_next_batch() {
    let store = PausableStore::new();
    let harness = harness(&store, |_| {});
    let poll = harness.create_poll().await;
    let mut votes = spawn_votes(&harness, &poll, 0..1);
    wait_for_queue().await;
    votes.extend(spawn_votes(&harness, &poll, 1..101));
    wait_for_queue().await;
    store.cast_permits.add_permits(10);
    for vote in votes {
        vote.await.unwrap().unwrap();
    }
    assert_eq!(*store.batch_sizes.lock().unwrap(), [1, 100]);
}

#[tokio::test]
async fn full_queue_rejects_at_once_and_loses_nothing() {
    let store = PausableStore::new();
    let harness = harness(&store, |config| {
        config.max_queued_ballots = 10;
        config.max_batch_size = 10;
    });
    let poll = harness.create_poll().await;
    // One batch is being written, and ten ballots fill the queue.
    let first_batch = spawn_votes(&harness, &poll, 0..1);
    wait_for_queue().await;
    let queued = spawn_votes(&harness, &poll, 1..11);
    wait_for_queue().await;
    let excess = spawn_votes(&harness, &poll, 11..30);
    for vote in excess {
        let error = vote.await.unwrap().unwrap_err();
        assert!(
            matches!(error, EngineError::Overloaded { retry_after } if retry_after >= Duration::from_secs(1))
        );
    }
    store.cast_permits.add_permits(10);
    for vote in first_batch.into_iter().chain(queued) {
        vote.await.unwrap().unwrap();
    }
    assert_eq!(harness.engine.stats().overloaded, 19);
    assert_eq!(
        harness
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
async fn dropped_call_leaves_the_ballot_counted() {
    let store = PausableStore::new();
    let harness = harness(&store, |_| {});
    let poll = harness.create_poll().await;
    let votes = spawn_votes(&harness, &poll, 0..5);
    wait_for_queue().await;
    votes[2].abort();
    store.cast_permits.add_permits(10);
    for (n, vote) in votes.into_iter().enumerate() {
        assert_eq!(vote.await.is_ok(), n != 2);
    }
    assert_eq!(
        harness
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
async fn unresponsive_store_is_unavailable_after_the_timeout() {
    let store = PausableStore::new();
    let harness = harness(&store, |config| {
        config.store_timeout = Duration::from_millis(100);
    });
    let poll = harness.create_poll().await;
    let error = harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, EngineError::Store(StoreError::Unavailable { .. })),
        "{error}"
    );
    store.cast_permits.add_permits(10);
    assert!(
        harness
            .engine
            .vote(poll.id, &browser(1), first_option(&poll))
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn votes_queued_behind_an_unresponsive_store_are_answered_within_the_timeout() {
    let limit = Duration::from_secs(4);
    let store = PausableStore::new();
    let harness = harness(&store, |config| config.store_timeout = limit);
    let poll = harness.create_poll().await;
    let votes = (0..60_u8).map(|n| {
        let (engine, poll) = (harness.engine.clone(), poll.clone());
        tokio::spawn(async move {
            tokio::time::sleep(u32::from(n) * Duration::from_millis(250)).await;
            let started = tokio::time::Instant::now();
            let result = engine.vote(poll.id, &browser(n), first_option(&poll)).await;
            (result, started.elapsed())
        })
    });
    for vote in votes.collect::<Vec<_>>() {
        let (result, time) = vote.await.unwrap();
        assert!(
            matches!(
                result,
                Err(EngineError::Store(StoreError::Unavailable { .. }))
            ),
            "{result:?}"
        );
        assert!(time <= limit + Duration::from_millis(10), "{time:?}");
    }
    store.cast_permits.add_permits(10);
    let voter = browser(100);
    let vote = harness
        .engine
        .vote(poll.id, &voter, first_option(&poll))
        .await;
    assert!(vote.is_ok(), "{vote:?}");
}

#[tokio::test]
async fn panicking_store_fails_only_its_batch() {
    let store = PausableStore::new();
    let harness = harness(&store, |_| {});
    let poll = harness.create_poll().await;
    store.cast_permits.add_permits(10);
    store
        .panic_on_cast
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let error = harness
        .engine
        .vote(poll.id, &browser(1), first_option(&poll))
        .await
        .unwrap_err();
    assert!(
        matches!(error, EngineError::Store(StoreError::Unavailable { .. })),
        "{error}"
    );
    store
        .panic_on_cast
        .store(false, std::sync::atomic::Ordering::SeqCst);
    assert!(
        harness
            .engine
            .vote(poll.id, &browser(1), first_option(&poll))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn shutdown_finishes_queued_votes() {
    let store = PausableStore::new();
    let harness = harness(&store, |_| {});
    let poll = harness.create_poll().await;
    let votes = spawn_votes(&harness, &poll, 0..20);
    wait_for_queue().await;
    let shutdown = tokio::spawn({
        let engine = harness.engine.clone();
        async move { engine.shutdown().await }
    });
    wait_for_queue().await;
    store.cast_permits.add_permits(10);
    for vote in votes {
        vote.await.unwrap().unwrap();
    }
    shutdown.await.unwrap();
}
