//! Connections that the server ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use votify_core::Broadcaster;
use votify_core::broadcast::Delivery;

use crate::scene::{connection, kill, listen, named, next, node, poll, revision, server, tallied};

/// Whatever is lost with the connection, `Lagged` stands in its place, also when it is lost again and again.
#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_unnoticed_under_traffic() {
    let Some(server) = server() else { return };
    let mut admin = connection(&server).await;
    let (named, name) = named(&server);
    let (publisher, listener) = (node(&server).await, node(&named).await);
    let poll = poll();
    let mut heard = listen(&listener, &poll).await;
    let done = Arc::new(AtomicBool::new(false));
    let traffic = tokio::spawn({
        let (done, poll) = (Arc::clone(&done), poll.clone());
        async move {
            let mut revision = 0;
            while !done.load(Ordering::Relaxed) {
                revision += 1;
                publisher
                    .publish(&[tallied(&poll, revision)])
                    .await
                    .unwrap();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    });
    let (mut newest, mut lost) = (0, 0);
    for round in 1..=3 {
        // It hears well before each loss, so that there is something to interrupt.
        for _ in 0..10 {
            hear(&mut heard, &mut newest, &mut lost).await;
        }
        kill(&mut admin, &name, "LISTEN%").await;
        while lost < round {
            hear(&mut heard, &mut newest, &mut lost).await;
        }
    }
    for _ in 0..10 {
        hear(&mut heard, &mut newest, &mut lost).await;
    }
    done.store(true, Ordering::Relaxed);
    traffic.await.unwrap();
}

/// Takes one delivery: the update that follows on the newest one, or any later one after `Lagged`.
async fn hear(
    heard: &mut votify_core::broadcast::DeliveryStream,
    newest: &mut u64,
    lost: &mut u32,
) {
    match next(heard).await {
        Delivery::Update(update) => {
            assert_eq!(revision(&update), *newest + 1, "a gap that was not told");
            *newest += 1;
        }
        Delivery::Lagged => {
            *lost += 1;
            let after = loop {
                if let Delivery::Update(update) = next(heard).await {
                    break revision(&update);
                }
            };
            assert!(after > *newest, "{after} after {newest}");
            *newest = after;
        }
    }
}

/// Who subscribes while there is no connection waits for the next one, and then hears.
#[tokio::test(flavor = "multi_thread")]
async fn subscribing_waits_for_the_connection() {
    let Some(server) = server() else { return };
    let mut admin = connection(&server).await;
    let (named, name) = named(&server);
    let node = node(&named).await;
    for revision in 1..5 {
        kill(&mut admin, &name, "LISTEN%").await;
        // The loss may or may not have been noticed yet: then it is told later on.
        let poll = poll();
        let mut heard = listen(&node, &poll).await;
        node.publish(&[tallied(&poll, revision)]).await.unwrap();
        match next(&mut heard).await {
            Delivery::Lagged => {}
            Delivery::Update(update) => assert_eq!(*update, tallied(&poll, revision)),
        }
        // The next round has something to cut only once there is a new connection.
        drop(listen_anew(&node, &poll).await);
    }
}

/// Subscribes until an update comes through.
async fn listen_anew(
    node: &votify_sqlx::PostgresBroadcaster,
    poll: &votify_core::Poll,
) -> votify_core::broadcast::DeliveryStream {
    let mut heard = listen(node, poll).await;
    let mut revision = 100;
    loop {
        revision += 1;
        node.publish(&[tallied(poll, revision)]).await.unwrap();
        if let Delivery::Update(_) = next(&mut heard).await {
            return heard;
        }
    }
}
