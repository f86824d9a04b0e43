//! Which updates arrive, where, and how often.

use std::collections::BTreeSet;

use crate::broadcast::{Delivery, Update};
use crate::conformance::broadcaster::subscriber::{Subscriber, publish};
use crate::conformance::broadcaster::updates::{
    largest_poll, one_of_each, poll, poll_changed, tally_changed,
};
use crate::conformance::fixture::BroadcasterFixture;
use crate::conformance::run_concurrently::run_concurrently;

/// A subscription receives all updates published after it resolves, including
/// those from its own instance.
pub async fn subscription_is_live_when_it_resolves(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    for (publisher, subscriber) in [
        (backend.instance(), backend.instance()),
        (backend.second_instance().await, backend.instance()),
        (backend.instance(), backend.second_instance().await),
    ] {
        for revision in 1..20 {
            let poll = poll();
            let mut subscriber = Subscriber::new(&subscriber, &poll).await;
            let update = tally_changed(&poll, revision);
            publish(&publisher, std::slice::from_ref(&update)).await;
            assert_eq!(subscriber.next_update().await, update);
        }
    }
}

/// Updates of every kind arrive as they were published.
pub async fn updates_of_every_kind_arrive_unchanged(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let poll = poll();
    let mut subscriber = Subscriber::new(&backend.second_instance().await, &poll).await;
    for update in one_of_each(&poll) {
        publish(&backend.instance(), std::slice::from_ref(&update)).await;
        assert_eq!(subscriber.next_update().await, update);
    }
    // All updates in one call.
    publish(&backend.instance(), &one_of_each(&poll)).await;
    let mut expected = one_of_each(&poll).to_vec();
    for _ in 0..4 {
        let update = subscriber.next_update().await;
        let index = expected.iter().position(|other| *other == update);
        expected.remove(index.expect("each published update arrives once"));
    }
    publish(&backend.instance(), &[]).await;
}

/// An update of the maximum size arrives unchanged or is reported as lag.
pub async fn largest_poll_arrives_or_lags(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let poll = largest_poll();
    let mut subscriber = Subscriber::new(&backend.second_instance().await, &poll).await;
    let update = poll_changed(&poll);
    publish(&backend.instance(), std::slice::from_ref(&update)).await;
    match subscriber.next().await {
        Delivery::Update(arrived) => assert_eq!(*arrived, update),
        Delivery::Lagged => {}
    }
    // The subscription stays live.
    let small = Update::Deleted { poll: poll.id };
    publish(&backend.instance(), std::slice::from_ref(&small)).await;
    assert_eq!(subscriber.next_update().await, small);
}

/// Subscribers receive only updates of their topic, even if one call publishes to
/// several.
pub async fn topics_are_isolated(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let (a, b) = (poll(), poll());
    let mut of_a = Subscriber::new(&backend.instance(), &a).await;
    let mut of_b = Subscriber::new(&backend.second_instance().await, &b).await;
    for revision in 1..20 {
        let (to_a, to_b) = (tally_changed(&a, revision), tally_changed(&b, revision));
        publish(&backend.instance(), &[to_b.clone(), to_a.clone()]).await;
        assert_eq!(of_a.next_update().await, to_a);
        assert_eq!(of_b.next_update().await, to_b);
    }
}

/// Every subscriber of a topic receives its updates, on every instance.
pub async fn subscribers_on_every_instance_receive_updates(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let poll = poll();
    let instances = [backend.instance(), backend.second_instance().await];
    let mut subscribers = Vec::new();
    for n in 0..10_usize {
        subscribers.push(Subscriber::new(&instances[n % 2], &poll).await);
    }
    for revision in 1..10 {
        let update = tally_changed(&poll, revision);
        let publisher = &instances[usize::from(revision % 2 == 0)];
        publish(publisher, std::slice::from_ref(&update)).await;
        for subscriber in &mut subscribers {
            assert_eq!(subscriber.next_update().await, update);
        }
    }
}

/// Each update arrives at most once, with several concurrent publishers and a
/// subscriber that keeps up.
pub async fn no_update_arrives_twice(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let poll = poll();
    let instances = [backend.instance(), backend.second_instance().await];
    let mut subscriber = Subscriber::new(&backend.instance(), &poll).await;
    let (mut seen, mut lagged) = (BTreeSet::new(), false);
    for round in 0..20_u64 {
        let tasks = (0..4_u64).map(|n| {
            let (instance, poll) = (instances[usize::from(n % 2 == 0)].clone(), poll.clone());
            let revision = 10 * round + n;
            async move { publish(&instance, &[tally_changed(&poll, revision)]).await }
        });
        run_concurrently(tasks.collect()).await;
        for _ in 0..4 {
            match subscriber.next().await {
                Delivery::Lagged => lagged = true,
                Delivery::Update(update) => {
                    let Update::TallyChanged { tally, .. } = &*update else {
                        panic!("only tallies were published, but received {update:?}");
                    };
                    let revision = tally.position.revision;
                    assert!(seen.insert(revision), "revision {revision} arrived twice");
                }
            }
        }
    }
    assert!(lagged || seen.len() == 80, "{} of 80 arrived", seen.len());
}

/// Updates published before a subscription are not received; the snapshot includes
/// them.
pub async fn earlier_updates_are_not_received(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let poll = poll();
    let mut early = Subscriber::new(&backend.instance(), &poll).await;
    let old = tally_changed(&poll, 1);
    publish(&backend.instance(), std::slice::from_ref(&old)).await;
    assert_eq!(early.next_update().await, old);
    let mut late = Subscriber::new(&backend.instance(), &poll).await;
    let new = tally_changed(&poll, 2);
    publish(&backend.instance(), std::slice::from_ref(&new)).await;
    assert_eq!(late.next_update().await, new);
}
