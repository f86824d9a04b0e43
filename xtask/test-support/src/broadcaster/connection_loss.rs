use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use votify_core::Broadcaster;
use votify_core::broadcast::{Delivery, DeliveryStream};

use super::{next_delivery, next_update, poll, revision, subscribe, tally_update};

/// How often the connection is cut.
const CUTS: u32 = 3;
/// Updates that arrive before each cut, so that the cut interrupts traffic.
const UPDATES_BEFORE_CUT: u32 = 10;

/// Cuts the listener's connection under traffic, and checks that `Lagged` replaces the
/// updates lost with each connection.
///
/// # Panics
/// Panics if a revision is skipped without `Lagged`, or comes out of order.
pub async fn lost_updates_are_reported(
    publisher: impl Broadcaster + 'static,
    listener: &impl Broadcaster,
    mut cut: impl AsyncFnMut(),
) {
    let poll = poll();
    let mut receiver = Receiver {
        deliveries: subscribe(listener, &poll).await,
        newest: 0,
        gaps: 0,
    };
    let done = Arc::new(AtomicBool::new(false));
    let traffic = tokio::spawn({
        let done = Arc::clone(&done);
        async move {
            let mut revision = 0;
            while !done.load(Ordering::Relaxed) {
                revision += 1;
                publisher
                    .publish(&[tally_update(&poll, revision)])
                    .await
                    .unwrap();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    });
    for round in 1..=CUTS {
        for _ in 0..UPDATES_BEFORE_CUT {
            receiver.receive().await;
        }
        cut().await;
        while receiver.gaps < round {
            receiver.receive().await;
        }
    }
    for _ in 0..UPDATES_BEFORE_CUT {
        receiver.receive().await;
    }
    done.store(true, Ordering::Relaxed);
    traffic.await.unwrap();
}

struct Receiver {
    deliveries: DeliveryStream,
    /// The newest revision.
    newest: u64,
    /// How many times updates were replaced by `Lagged`.
    gaps: u32,
}

impl Receiver {
    /// Receives an update, which must follow the newest one directly or after `Lagged`.
    async fn receive(&mut self) {
        let mut has_lagged = false;
        loop {
            match next_delivery(&mut self.deliveries).await {
                Delivery::Lagged => {
                    self.gaps += u32::from(!has_lagged);
                    has_lagged = true;
                }
                Delivery::Update(update) => {
                    let (revision, newest) = (revision(&update), self.newest);
                    assert!(revision > newest, "{revision} after {newest}");
                    assert!(
                        has_lagged || revision == newest + 1,
                        "{revision} after {newest} without Lagged"
                    );
                    self.newest = revision;
                    return;
                }
            }
        }
    }
}

/// Checks that a connection without traffic is not taken for a lost one.
///
/// # Panics
/// Panics if the first delivery after `duration` is not the update.
pub async fn silent_connections_stay_open(instance: &impl Broadcaster, duration: Duration) {
    let poll = poll();
    let mut deliveries = subscribe(instance, &poll).await;
    tokio::time::sleep(duration).await;
    instance.publish(&[tally_update(&poll, 1)]).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, tally_update(&poll, 1));
}
