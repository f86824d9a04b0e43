//! Connections that the server terminates.

use votify_core::broadcast::{Delivery, DeliveryStream};
use votify_core::{Broadcaster, Poll};
use votify_sqlx::PostgresBroadcaster;
use votify_test_support::broadcaster::{
    lost_updates_are_reported, next_delivery, poll, subscribe, tally_update,
};

use super::harness::{connection, named, node, server, terminate};

#[tokio::test(flavor = "multi_thread")]
async fn lagged_replaces_updates_lost_with_a_connection() {
    let Some(server) = server() else { return };
    let mut admin = connection(&server).await;
    let (named, name) = named(&server);
    let (publisher, listener) = (node(&server).await, node(&named).await);
    lost_updates_are_reported(publisher, &listener, async || {
        terminate(&mut admin, &name, "LISTEN%").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribing_waits_for_a_new_connection() {
    let Some(server) = server() else { return };
    let mut admin = connection(&server).await;
    let (named, name) = named(&server);
    let node = node(&named).await;
    for revision in 1..5 {
        terminate(&mut admin, &name, "LISTEN%").await;
        // `Lagged` arrives if the node notices the loss after the subscription only.
        let poll = poll();
        let mut deliveries = subscribe(&node, &poll).await;
        node.publish(&[tally_update(&poll, revision)])
            .await
            .unwrap();
        match next_delivery(&mut deliveries).await {
            Delivery::Lagged => {}
            Delivery::Update(update) => assert_eq!(*update, tally_update(&poll, revision)),
        }
        // The next round needs a new connection to terminate.
        drop(subscribe_until_received(&node, &poll).await);
    }
}

/// Subscribes and publishes until an update arrives.
async fn subscribe_until_received(node: &PostgresBroadcaster, poll: &Poll) -> DeliveryStream {
    let mut deliveries = subscribe(node, poll).await;
    let mut revision = 100;
    loop {
        revision += 1;
        node.publish(&[tally_update(poll, revision)]).await.unwrap();
        if let Delivery::Update(_) = next_delivery(&mut deliveries).await {
            return deliveries;
        }
    }
}
