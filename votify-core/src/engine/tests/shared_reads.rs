//! Concurrent calls that share reads of the store.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;

use super::pausable_store::PausableStore;
use super::*;
use crate::engine::EngineError;
use crate::tally::ViewPosition;

/// An engine with an empty cache.
fn second_engine(store: &Arc<PausableStore>) -> Harness {
    Harness::with(Arc::clone(store) as Arc<dyn Store>, |builder| builder)
}

fn first_engine(store: &Arc<PausableStore>) -> Harness {
    store.cast_permits.add_permits(1_000);
    second_engine(store)
}

async fn resume_reads(store: &PausableStore) {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    store.pause_reads.store(false, Ordering::SeqCst);
    store.read_permits.add_permits(1_000);
}

#[tokio::test]
async fn concurrent_cache_misses_share_one_read() {
    let store = PausableStore::new();
    let poll = first_engine(&store).create_poll().await;
    let second = second_engine(&store);
    store.pause_reads.store(true, Ordering::SeqCst);
    store.reads.store(0, Ordering::SeqCst);
    let calls = join_all((0..500).map(|_| second.engine.definition(poll.id)));
    let (calls, ()) = tokio::join!(calls, resume_reads(&store));
    for found in calls {
        assert_eq!(found.unwrap().id, poll.id);
    }
    assert_eq!(store.reads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn concurrent_misses_of_an_unknown_poll_share_reads() {
    let store = PausableStore::new();
    let harness = first_engine(&store);
    store.pause_reads.store(true, Ordering::SeqCst);
    store.reads.store(0, Ordering::SeqCst);
    let unknown = PollId::generate(harness.clock.now());
    let calls = join_all((0..500).map(|_| harness.engine.definition(unknown)));
    let (calls, ()) = tokio::join!(calls, resume_reads(&store));
    for found in calls {
        assert!(matches!(found, Err(EngineError::PollNotFound(id)) if id == unknown));
    }
    // One read for the first call, and one that all later calls share.
    assert_eq!(store.reads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn read_after_a_vote_does_not_join_an_earlier_read() {
    let store = PausableStore::new();
    let harness = first_engine(&store);
    let poll = harness.create_poll().await;
    store.pause_reads.store(true, Ordering::SeqCst);
    store.reads.store(0, Ordering::SeqCst);
    let engine = &harness.engine;
    let anonymous = Caller::anonymous();
    let before = engine.poll(poll.id, &anonymous);
    let after = async {
        tokio::task::yield_now().await;
        let vote = engine.vote(poll.id, &browser(1), first_option(&poll)).await;
        let voted = vote.unwrap().view.position();
        let calls = join_all((0..500).map(|_| engine.poll(poll.id, &anonymous)));
        let (calls, ()) = tokio::join!(calls, resume_reads(&store));
        (voted, calls)
    };
    let (before, (voted, calls)) = tokio::join!(before, after);
    assert_eq!(before.unwrap().view.total_votes(), Some(0));
    assert!(matches!(voted, ViewPosition::Shown(_)));
    for snapshot in calls {
        assert_eq!(snapshot.unwrap().view.position(), voted);
    }
    assert_eq!(store.reads.load(Ordering::SeqCst), 2);
}
