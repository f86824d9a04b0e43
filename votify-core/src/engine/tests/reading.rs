//! Reads that many share.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;

use super::gated::Gated;
use super::*;
use crate::engine::EngineError;
use crate::tally::ViewPosition;

/// An engine that has never heard of the polls of the other one.
fn second_engine(store: &Arc<Gated>) -> World {
    World::with(Arc::clone(store) as Arc<dyn Store>, |builder| builder)
}

fn world(store: &Arc<Gated>) -> World {
    store.gate.add_permits(1_000);
    second_engine(store)
}

async fn let_reads_go(store: &Gated) {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    store.holds_reads.store(false, Ordering::SeqCst);
    store.read_gate.add_permits(1_000);
}

#[tokio::test]
async fn a_crowd_that_asks_for_a_poll_nobody_has_at_hand_costs_one_read() {
    let store = Gated::new();
    let poll = world(&store).lunch().await;
    let cold = second_engine(&store);
    store.holds_reads.store(true, Ordering::SeqCst);
    store.reads.store(0, Ordering::SeqCst);
    let crowd = join_all((0..500).map(|_| cold.engine.definition(poll.id)));
    let (crowd, ()) = tokio::join!(crowd, let_reads_go(&store));
    for found in crowd {
        assert_eq!(found.unwrap().id, poll.id);
    }
    assert_eq!(store.reads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn that_a_poll_is_not_there_is_read_for_a_crowd_together_too() {
    let store = Gated::new();
    let world = world(&store);
    store.holds_reads.store(true, Ordering::SeqCst);
    store.reads.store(0, Ordering::SeqCst);
    let nowhere = PollId::generate(world.clock.now());
    let crowd = join_all((0..500).map(|_| world.engine.definition(nowhere)));
    let (crowd, ()) = tokio::join!(crowd, let_reads_go(&store));
    for found in crowd {
        assert!(matches!(found, Err(EngineError::PollNotFound(id)) if id == nowhere));
    }
    // The first one's, and that of all others, who came later.
    assert_eq!(store.reads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_asks_after_a_vote_was_answered_sees_it_though_a_read_is_under_way() {
    let store = Gated::new();
    let world = world(&store);
    let poll = world.lunch().await;
    store.holds_reads.store(true, Ordering::SeqCst);
    store.reads.store(0, Ordering::SeqCst);
    let engine = &world.engine;
    let nobody = Caller::anonymous();
    let early = engine.poll(poll.id, &nobody);
    let late = async {
        tokio::task::yield_now().await;
        let vote = engine.vote(poll.id, &browser(1), first(&poll)).await;
        let voted = vote.unwrap().view.position();
        let crowd = join_all((0..500).map(|_| engine.poll(poll.id, &nobody)));
        let (crowd, ()) = tokio::join!(crowd, let_reads_go(&store));
        (voted, crowd)
    };
    let (early, (voted, crowd)) = tokio::join!(early, late);
    assert_eq!(early.unwrap().view.total_votes(), Some(0));
    assert!(matches!(voted, ViewPosition::Shown(_)));
    for seen in crowd {
        assert_eq!(seen.unwrap().view.position(), voted);
    }
    assert_eq!(store.reads.load(Ordering::SeqCst), 2);
}
