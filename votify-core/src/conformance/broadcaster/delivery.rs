//! What arrives, where, and how often.

use std::collections::BTreeSet;

use crate::broadcast::{Delivery, Update};
use crate::conformance::broadcaster::listener::{Listener, publish};
use crate::conformance::broadcaster::news::{largest_poll, one_of_each, poll, redefined, tallied};
use crate::conformance::fixture::BroadcasterFixture;
use crate::conformance::together::together;

/// A subscription is live as soon as it resolves: what is published next arrives, on the publisher's own node too.
pub async fn a_subscription_is_live_at_once(fixture: &dyn BroadcasterFixture) {
    let fresh = fixture.fresh().await;
    for (publisher, subscriber) in [
        (fresh.node(), fresh.node()),
        (fresh.another_node(), fresh.node()),
        (fresh.node(), fresh.another_node()),
    ] {
        for revision in 1..20 {
            let poll = poll();
            let mut listener = Listener::of(&subscriber, &poll).await;
            let update = tallied(&poll, revision);
            publish(&publisher, std::slice::from_ref(&update)).await;
            assert_eq!(listener.hears().await, update);
        }
    }
}

/// Updates of every kind arrive as they were sent.
pub async fn every_kind_of_update_arrives_as_it_was(fixture: &dyn BroadcasterFixture) {
    let fresh = fixture.fresh().await;
    let poll = poll();
    let mut listener = Listener::of(&fresh.another_node(), &poll).await;
    for update in one_of_each(&poll) {
        publish(&fresh.node(), std::slice::from_ref(&update)).await;
        assert_eq!(listener.hears().await, update);
    }
    // And all in one call.
    publish(&fresh.node(), &one_of_each(&poll)).await;
    let mut expected = one_of_each(&poll).to_vec();
    for _ in 0..4 {
        let update = listener.hears().await;
        let index = expected.iter().position(|other| *other == update);
        expected.remove(index.expect("an update that was sent, once"));
    }
    publish(&fresh.node(), &[]).await;
}

/// An update of any size arrives as it was, or is told to be missed.
pub async fn the_largest_poll_arrives_or_is_missed(fixture: &dyn BroadcasterFixture) {
    let fresh = fixture.fresh().await;
    let poll = largest_poll();
    let mut listener = Listener::of(&fresh.another_node(), &poll).await;
    let update = redefined(&poll);
    publish(&fresh.node(), std::slice::from_ref(&update)).await;
    match listener.next().await {
        Delivery::Update(arrived) => assert_eq!(*arrived, update),
        Delivery::Lagged => {}
    }
    // The listener is not lost by it.
    let small = Update::Deleted { poll: poll.id };
    publish(&fresh.node(), std::slice::from_ref(&small)).await;
    assert_eq!(listener.hears().await, small);
}

/// Topics are isolated, also within one call.
pub async fn topics_are_isolated(fixture: &dyn BroadcasterFixture) {
    let fresh = fixture.fresh().await;
    let (a, b) = (poll(), poll());
    let mut of_a = Listener::of(&fresh.node(), &a).await;
    let mut of_b = Listener::of(&fresh.another_node(), &b).await;
    for revision in 1..20 {
        let (to_a, to_b) = (tallied(&a, revision), tallied(&b, revision));
        publish(&fresh.node(), &[to_b.clone(), to_a.clone()]).await;
        assert_eq!(of_a.hears().await, to_a);
        assert_eq!(of_b.hears().await, to_b);
    }
}

/// Every listener of a topic hears it, on every node.
pub async fn every_listener_hears_on_every_node(fixture: &dyn BroadcasterFixture) {
    let fresh = fixture.fresh().await;
    let poll = poll();
    let nodes = [fresh.node(), fresh.another_node()];
    let mut listeners = Vec::new();
    for n in 0..10_usize {
        listeners.push(Listener::of(&nodes[n % 2], &poll).await);
    }
    for revision in 1..10 {
        let update = tallied(&poll, revision);
        let publisher = &nodes[usize::from(revision % 2 == 0)];
        publish(publisher, std::slice::from_ref(&update)).await;
        for listener in &mut listeners {
            assert_eq!(listener.hears().await, update);
        }
    }
}

/// At most once: with several publishers at once and a reader that keeps up, each update arrives once.
pub async fn nothing_arrives_twice(fixture: &dyn BroadcasterFixture) {
    let fresh = fixture.fresh().await;
    let poll = poll();
    let nodes = [fresh.node(), fresh.another_node()];
    let mut listener = Listener::of(&fresh.node(), &poll).await;
    let (mut seen, mut missed) = (BTreeSet::new(), false);
    for round in 0..20_u64 {
        let tasks = (0..4_u64).map(|n| {
            let (node, poll) = (nodes[usize::from(n % 2 == 0)].clone(), poll.clone());
            let revision = 10 * round + n;
            async move { publish(&node, &[tallied(&poll, revision)]).await }
        });
        together(tasks.collect()).await;
        for _ in 0..4 {
            match listener.next().await {
                Delivery::Lagged => missed = true,
                Delivery::Update(update) => {
                    let Update::TallyChanged { tally, .. } = &*update else {
                        panic!("only tallies were sent: {update:?}");
                    };
                    let revision = tally.position.revision;
                    assert!(seen.insert(revision), "{revision} arrives twice");
                }
            }
        }
    }
    assert!(missed || seen.len() == 80, "{} of 80 arrived", seen.len());
}

/// What was published before a subscription is not heard: the snapshot has it.
pub async fn nothing_of_before_is_heard(fixture: &dyn BroadcasterFixture) {
    let fresh = fixture.fresh().await;
    let poll = poll();
    let mut early = Listener::of(&fresh.node(), &poll).await;
    let old = tallied(&poll, 1);
    publish(&fresh.node(), std::slice::from_ref(&old)).await;
    assert_eq!(early.hears().await, old);
    let mut late = Listener::of(&fresh.node(), &poll).await;
    let new = tallied(&poll, 2);
    publish(&fresh.node(), std::slice::from_ref(&new)).await;
    assert_eq!(late.hears().await, new);
}
