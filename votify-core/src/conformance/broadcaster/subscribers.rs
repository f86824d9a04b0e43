//! Subscribers that are slow, unsubscribe, or lose their connection.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::broadcast::{Delivery, Update};
use crate::conformance::broadcaster::subscriber::{Subscriber, publish};
use crate::conformance::broadcaster::updates::{poll, tallied, topic};
use crate::conformance::fixture::BroadcasterFixture;

/// Pause before the next update is published.
const AGAIN: Duration = Duration::from_millis(500);

fn revision(update: &Update) -> u64 {
    match update {
        Update::TallyChanged { tally, .. } => tally.position.revision,
        other => panic!("only tallies were sent: {other:?}"),
    }
}

/// A slow subscriber blocks neither publishers nor other subscribers. Its lost
/// updates are reported as lag, and it then receives new ones.
pub async fn slow_subscriber_lags_and_blocks_no_one(fixture: &dyn BroadcasterFixture) {
    const MANY: u64 = 5_000;
    let backend = fixture.fresh().await;
    let poll = poll();
    let mut slow = Subscriber::new(&backend.instance(), &poll).await;
    let mut quick = Subscriber::new(&backend.instance(), &poll).await;
    for batch in 0..MANY / 50 {
        let updates: Vec<Update> = (1..=50).map(|n| tallied(&poll, 50 * batch + n)).collect();
        publish(&backend.second_instance().await, &updates).await;
        // A subscriber that keeps up receives an update of each batch while the slow one
        // does not read.
        let mut heard = 0;
        while heard < 50 * batch + 1 {
            match quick.next().await {
                Delivery::Update(update) => heard = heard.max(revision(&update)),
                Delivery::Lagged => break,
            }
        }
    }
    let (mut seen, mut missed) = (BTreeSet::new(), false);
    let mut last = MANY;
    while seen.last().is_none_or(|newest| *newest <= MANY) {
        last += 1;
        assert!(last < MANY + 120, "a slow reader hears what is new");
        publish(&backend.second_instance().await, &[tallied(&poll, last)]).await;
        while let Some(delivery) = slow.within(AGAIN).await {
            match delivery {
                Delivery::Lagged => missed = true,
                Delivery::Update(update) => {
                    let revision = revision(&update);
                    assert!(seen.insert(revision), "{revision} arrives twice");
                    if revision == last {
                        break;
                    }
                }
            }
        }
    }
    let lost = (1..=MANY)
        .filter(|revision| !seen.contains(revision))
        .count();
    assert!(missed || lost == 0, "{lost} were lost, and nobody told");
}

/// Dropping a stream unsubscribes. Other subscribers still receive updates, and the
/// topic can be subscribed to again.
pub async fn dropped_stream_unsubscribes(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let poll = poll();
    let mut stays = Subscriber::new(&backend.instance(), &poll).await;
    for round in 1..5 {
        let mut leavers = Vec::new();
        for _ in 0..20 {
            leavers.push(Subscriber::new(&backend.instance(), &poll).await);
        }
        drop(leavers);
        let update = tallied(&poll, round);
        publish(&backend.instance(), std::slice::from_ref(&update)).await;
        assert_eq!(stays.next_update().await, update);
    }
    drop(stays);
    // Publishing without subscribers is no error.
    publish(&backend.instance(), &[tallied(&poll, 5)]).await;
    let mut again = Subscriber::new(&backend.instance(), &poll).await;
    let update = tallied(&poll, 6);
    publish(&backend.instance(), std::slice::from_ref(&update)).await;
    let mut heard = again.next_update().await;
    if heard == tallied(&poll, 5) {
        // The earlier update may still be in transit. It is older, so a viewer ignores
        // it.
        heard = again.next_update().await;
    }
    assert_eq!(heard, update);
}

/// A stream receives every update while other streams of its topic are opened and
/// dropped.
pub async fn other_subscribers_do_not_affect_a_stream(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let poll = poll();
    let mut stays = Subscriber::new(&backend.instance(), &poll).await;
    let mut coming_and_going = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (node, topic) = (backend.instance(), topic(&poll));
        coming_and_going.spawn(async move {
            for _ in 0..50 {
                drop(node.subscribe(&topic).await.expect("subscribe succeeds"));
                tokio::task::yield_now().await;
            }
        });
    }
    for round in 1..50 {
        let update = tallied(&poll, round);
        publish(
            &backend.second_instance().await,
            std::slice::from_ref(&update),
        )
        .await;
        assert_eq!(stays.next_update().await, update);
    }
    coming_and_going.join_all().await;
}

/// A stream continues after a lost connection, with `Lagged` first.
///
/// A broadcaster without a connection passes.
pub async fn lost_connection_is_reported_and_restored(fixture: &dyn BroadcasterFixture) {
    let backend = fixture.fresh().await;
    let poll = poll();
    let mut subscriber = Subscriber::new(&backend.instance(), &poll).await;
    publish(&backend.instance(), &[tallied(&poll, 1)]).await;
    assert_eq!(subscriber.next_update().await, tallied(&poll, 1));
    if !backend.interrupt().await {
        eprintln!("this broadcaster has no connection that could be lost");
        return;
    }
    let mut told = false;
    for round in 2..120 {
        // Publishing may fail until the connection is restored.
        let published = backend
            .second_instance()
            .await
            .publish(&[tallied(&poll, round)])
            .await;
        if let Err(error) = published {
            assert!(error.is_transient(), "{error:?}");
        }
        match subscriber.within(AGAIN).await {
            None => {}
            Some(Delivery::Lagged) => told = true,
            Some(Delivery::Update(_)) => {
                assert!(
                    told,
                    "an update came before it was told that some are missed"
                );
                return;
            }
        }
    }
    panic!("the subscriber is not back");
}
