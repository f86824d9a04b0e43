use std::time::Duration;

use futures_util::StreamExt;
use votify_core::broadcast::{Delivery, DeliveryStream, Topic, Update};
use votify_core::{
    Broadcaster, Clock, Keyring, Poll, PollDraft, PollId, Position, SystemClock, Tally,
};
use votify_redis::{Redis, RedisBroadcaster};

use crate::servers::{Server, Setup};

/// How long something may take before it is taken for lost. Far above what it needs.
pub(crate) const LOST: Duration = Duration::from_secs(30);

/// How long a call may take in tests that wait for that.
pub(crate) const SOON: Duration = Duration::from_millis(500);

pub(crate) async fn redis(server: &Server) -> Redis {
    let builder = Redis::builder(&server.url());
    #[cfg(feature = "tls")]
    if server.url().starts_with("rediss") {
        let builder = builder.root_certificates(server.root_certificate());
        return builder.connect().await.unwrap();
    }
    builder.connect().await.unwrap()
}

pub(crate) async fn node(server: &Server) -> RedisBroadcaster {
    RedisBroadcaster::open(redis(server).await).await.unwrap()
}

/// A node that loses patience soon.
pub(crate) async fn impatient_node(server: &Server) -> RedisBroadcaster {
    let redis = Redis::builder(&server.url()).timeout(SOON).connect().await;
    RedisBroadcaster::open(redis.unwrap()).await.unwrap()
}

pub(crate) fn poll() -> Poll {
    let now = SystemClock.now();
    PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"])
        .into_poll(PollId::generate(now), now, &Keyring::ephemeral())
        .unwrap()
}

/// The channel of a poll's news, under the prefix that there is unless told otherwise.
pub(crate) fn channel(poll: &Poll) -> String {
    format!("votify:{{{}}}:updates", poll.id)
}

/// The counts of a poll at that revision.
pub(crate) fn tallied(poll: &Poll, revision: u64) -> Update {
    let mut tally = Tally::new(poll);
    tally.position = Position {
        revision,
        ..Position::START
    };
    Update::TallyChanged {
        tally,
        votes: Vec::new(),
    }
}

pub(crate) fn revision(update: &Update) -> u64 {
    match update {
        Update::TallyChanged { tally, .. } => tally.position.revision,
        other => panic!("only tallies were sent: {other:?}"),
    }
}

pub(crate) async fn listen(node: &impl Broadcaster, poll: &Poll) -> DeliveryStream {
    let topic = Topic::Poll(poll.id);
    let subscribed = tokio::time::timeout(LOST, node.subscribe(&topic)).await;
    subscribed.unwrap().unwrap()
}

pub(crate) async fn next(deliveries: &mut DeliveryStream) -> Delivery {
    let next = tokio::time::timeout(LOST, deliveries.next()).await;
    next.unwrap().unwrap()
}

/// The next delivery, which must be an update.
pub(crate) async fn update(deliveries: &mut DeliveryStream) -> Update {
    match next(deliveries).await {
        Delivery::Update(update) => Update::clone(&update),
        Delivery::Lagged => panic!("nothing was missed"),
    }
}

/// The next delivery must be a `Lagged`, and then updates must come through again.
pub(crate) async fn goes_on_after_missed(
    deliveries: &mut DeliveryStream,
    publisher: &impl Broadcaster,
    poll: &Poll,
) {
    assert_eq!(next(deliveries).await, Delivery::Lagged);
    comes_through(deliveries, publisher, poll).await;
}

/// Publishes until an update arrives.
pub(crate) async fn comes_through(
    deliveries: &mut DeliveryStream,
    publisher: &impl Broadcaster,
    poll: &Poll,
) {
    let coming = async {
        for revision in 1_000.. {
            let published = publisher.publish(&[tallied(poll, revision)]).await;
            if let Err(error) = published {
                assert!(error.is_transient(), "{error:?}");
            }
            let within = tokio::time::timeout(Duration::from_millis(200), deliveries.next());
            if let Ok(Some(Delivery::Update(_))) = within.await {
                return;
            }
        }
    };
    tokio::time::timeout(LOST, coming).await.unwrap();
}

/// Waits until something holds.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    let holding = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LOST, holding).await.unwrap();
}

pub(crate) fn with_password() -> Setup {
    Setup::new().password("hunter2")
}
