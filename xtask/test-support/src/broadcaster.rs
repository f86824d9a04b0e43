//! Scenarios for broadcasters on real servers, and the functions that they consist of.

mod closing;
mod connection_loss;
mod engines;

use std::time::Duration;

use futures_util::StreamExt;
use votify_core::broadcast::{Delivery, DeliveryStream, Topic, Update};
use votify_core::{
    Broadcaster, Clock, Keyring, Poll, PollDraft, PollId, Position, SystemClock, Tally,
};

pub use closing::{closing_ends_streams_and_clones, dropping_the_last_clone_ends_streams};
pub use connection_loss::{lost_updates_are_reported, silent_connections_stay_open};
pub use engines::EnginePair;

/// How long a test waits for an event. Far above the time that the event needs.
pub const WAIT_LIMIT: Duration = Duration::from_secs(30);

/// Returns a new poll with two options.
#[must_use]
pub fn poll() -> Poll {
    let now = SystemClock.now();
    PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"])
        .into_poll(PollId::generate(now), now, &Keyring::ephemeral())
        .unwrap()
}

/// Returns the update with a poll's tally at a revision.
#[must_use]
pub fn tally_update(poll: &Poll, revision: u64) -> Update {
    let mut tally = Tally::new(poll);
    tally.position = Position {
        revision,
        ..Position::START
    };
    Update::TallyChanged {
        tally,
        vote_sample: Vec::new(),
    }
}

/// Returns the revision of a [`tally_update`].
///
/// # Panics
/// Panics if the update is another one.
#[must_use]
pub fn revision(update: &Update) -> u64 {
    match update {
        Update::TallyChanged { tally, .. } => tally.position.revision,
        other => panic!("only tallies were published: {other:?}"),
    }
}

/// Subscribes to a poll within [`WAIT_LIMIT`].
pub async fn subscribe(instance: &impl Broadcaster, poll: &Poll) -> DeliveryStream {
    let topic = Topic::Poll(poll.id);
    let subscribed = tokio::time::timeout(WAIT_LIMIT, instance.subscribe(&topic)).await;
    subscribed.unwrap().unwrap()
}

/// Returns the next delivery, which must arrive within [`WAIT_LIMIT`].
pub async fn next_delivery(deliveries: &mut DeliveryStream) -> Delivery {
    let next = tokio::time::timeout(WAIT_LIMIT, deliveries.next()).await;
    next.unwrap().unwrap()
}

/// Returns the next delivery, which must be an update.
///
/// # Panics
/// Panics if the delivery is `Lagged`.
pub async fn next_update(deliveries: &mut DeliveryStream) -> Update {
    match next_delivery(deliveries).await {
        Delivery::Update(update) => Update::clone(&update),
        Delivery::Lagged => panic!("an update was lost"),
    }
}

/// Checks that the next delivery is `Lagged` and that updates arrive after it.
pub async fn assert_lagged_then_updates(
    deliveries: &mut DeliveryStream,
    publisher: &impl Broadcaster,
    poll: &Poll,
) {
    assert_eq!(next_delivery(deliveries).await, Delivery::Lagged);
    publish_until_received(deliveries, publisher, poll).await;
}

/// Publishes updates until one of them arrives.
pub async fn publish_until_received(
    deliveries: &mut DeliveryStream,
    publisher: &impl Broadcaster,
    poll: &Poll,
) {
    let publishing = async {
        for revision in 1_000.. {
            let published = publisher.publish(&[tally_update(poll, revision)]).await;
            if let Err(error) = published {
                assert!(error.is_transient(), "{error:?}");
            }
            let next = tokio::time::timeout(Duration::from_millis(200), deliveries.next());
            if let Ok(Some(Delivery::Update(_))) = next.await {
                return;
            }
        }
    };
    tokio::time::timeout(WAIT_LIMIT, publishing).await.unwrap();
}

/// Waits up to [`WAIT_LIMIT`] until a condition holds.
pub async fn wait_until(mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(WAIT_LIMIT, waiting).await.unwrap();
}
