//! Subscribers that are slow, unsubscribe, or lose their connection.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::broadcast::{Delivery, Update};
use crate::conformance::broadcaster::subscriber::{Subscriber, publish};
use crate::conformance::broadcaster::updates::{poll, tally_changed, topic};
use crate::conformance::fixture::BroadcasterFixture;

/// Pause before the next update is published.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(500);

fn revision(update: &Update) -> u64 {
    match update {
        Update::TallyChanged { tally, .. } => tally.position.revision,
        other => panic!("only tallies were published, but received {other:?}"),
    }
}

/// A slow subscriber blocks neither publishers nor other subscribers. Its lost
/// updates are reported as lag, and it then receives new ones.
pub async fn slow_subscriber_lags_and_blocks_no_one(fixture: &dyn BroadcasterFixture) {
    const COUNT: u64 = 5_000;
    let backend = fixture.fresh().await;
    let poll = poll();
    let mut slow = Subscriber::new(&backend.instance(), &poll).await;
    let mut fast = Subscriber::new(&backend.instance(), &poll).await;
    for batch in 0..COUNT / 50 {
        let updates: Vec<Update> = (1..=50)
            .map(|n| tally_changed(&poll, 50 * batch + n))
            .collect();
        publish(&backend.second_instance().await, &updates).await;
        // A subscriber that keeps up receives an update of each batch while the slow one
        // does not read.
        let mut received = 0;
        while received < 50 * batch + 1 {
            match fast.next().await {
                Delivery::Update(update) => received = received.max(revision(&update)),
                Delivery::Lagged => break,
            }
        }
    }
    let (mut seen, mut lagged) = (BTreeSet::new(), false);
    let mut last = COUNT;
    while seen.last().is_none_or(|newest| *newest <= COUNT) {
        last += 1;
        assert!(
            last < COUNT + 120,
            "the slow subscriber must receive new updates"
        );
        publish(
            &backend.second_instance().await,
            &[tally_changed(&poll, last)],
        )
        .await;
        while let Some(delivery) = slow.within(PUBLISH_INTERVAL).await {
            match delivery {
                Delivery::Lagged => lagged = true,
                Delivery::Update(update) => {
                    let revision = revision(&update);
                    assert!(seen.insert(revision), "revision {revision} arrived twice");
                    if revision == last {
                        break;
                    }
                }
            }
        }
    }
    let lost = (1..=COUNT)
        .filter(|revision| !seen.contains(revision))
        .count();
    assert!(
        lagged || lost == 0,
        "{lost} updates were lost without Lagged"
    );
}

/// Dropping a stream unsubscribes. Other subscribers still receive updates, and the
/// topic can be subscribed to again.
pub async fn dropped_stream_unsubscribes(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let poll = poll();
    let mut remaining = Subscriber::new(&backend.instance(), &poll).await;
    for round in 1..5 {
        let mut dropped = Vec::new();
        for _ in 0..20 {
            dropped.push(Subscriber::new(&backend.instance(), &poll).await);
        }
        drop(dropped);
        let update = tally_changed(&poll, round);
        publish(&backend.instance(), std::slice::from_ref(&update)).await;
        assert_eq!(remaining.next_update().await, update);
    }
    drop(remaining);
    // Publishing without subscribers is no error.
    publish(&backend.instance(), &[tally_changed(&poll, 5)]).await;
    let mut resubscribed = Subscriber::new(&backend.instance(), &poll).await;
    let update = tally_changed(&poll, 6);
    publish(&backend.instance(), std::slice::from_ref(&update)).await;
    let mut received = resubscribed.next_update().await;
    if received == tally_changed(&poll, 5) {
        // The earlier update may still be in transit. It is older, so a viewer ignores
        // it.
        received = resubscribed.next_update().await;
    }
    assert_eq!(received, update);
}

/// A stream receives every update while other streams of its topic are opened and
/// dropped.
pub async fn other_subscribers_do_not_affect_a_stream(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let poll = poll();
    let mut remaining = Subscriber::new(&backend.instance(), &poll).await;
    let mut other_subscribers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (instance, topic) = (backend.instance(), topic(&poll));
        other_subscribers.spawn(async move {
            for _ in 0..50 {
                drop(
                    instance
                        .subscribe(&topic)
                        .await
                        .expect("subscribe succeeds"),
                );
                tokio::task::yield_now().await;
            }
        });
    }
    for round in 1..50 {
        let update = tally_changed(&poll, round);
        publish(
            &backend.second_instance().await,
            std::slice::from_ref(&update),
        )
        .await;
        assert_eq!(remaining.next_update().await, update);
    }
    other_subscribers.join_all().await;
}

/// A stream continues after a lost connection, with `Lagged` first.
///
/// A broadcaster without a connection passes.
pub async fn lost_connection_is_reported_and_restored(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let poll = poll();
    let mut subscriber = Subscriber::new(&backend.instance(), &poll).await;
    publish(&backend.instance(), &[tally_changed(&poll, 1)]).await;
    assert_eq!(subscriber.next_update().await, tally_changed(&poll, 1));
    if !backend.interrupt().await {
        eprintln!("skipped: the broadcaster has no connection to cut");
        return;
    }
    let mut lagged = false;
    for round in 2..120 {
        // Publishing may fail until the connection is restored.
        let published = backend
            .second_instance()
            .await
            .publish(&[tally_changed(&poll, round)])
            .await;
        if let Err(error) = published {
            assert!(error.is_transient(), "{error:?}");
        }
        match subscriber.within(PUBLISH_INTERVAL).await {
            None => {}
            Some(Delivery::Lagged) => lagged = true,
            Some(Delivery::Update(_)) => {
                assert!(lagged, "an update arrived before Lagged");
                return;
            }
        }
    }
    panic!("the subscription was not restored");
}
