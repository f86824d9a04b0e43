//! Connections that are lost, and servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use votify_core::Broadcaster;
use votify_core::broadcast::{Delivery, DeliveryStream};

use crate::scene::{
    SOON, goes_on_after_missed, impatient_node, listen, next, node, poll, revision, tallied, update,
};
use crate::servers::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_is_missed_and_heard_again() {
    let Some(mut server) = Server::plain() else {
        return;
    };
    let (here, there) = (node(&server).await, node(&server).await);
    let polls = [poll(), poll()];
    let mut heard = [
        listen(&here, &polls[0]).await,
        listen(&there, &polls[1]).await,
    ];
    for _ in 0..3 {
        server.kill();
        let error = here.publish(&[tallied(&polls[0], 1)]).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        server.start();
        for (poll, heard) in polls.iter().zip(&mut heard) {
            goes_on_after_missed(heard, &there, poll).await;
        }
    }
}

/// It keeps its connections open and says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_is_noticed_told_and_mended() {
    let Some(server) = Server::plain() else {
        return;
    };
    let node = impatient_node(&server).await;
    let poll = poll();
    let mut heard = listen(&node, &poll).await;
    server.pause();
    let began = Instant::now();
    let error = node.publish(&[tallied(&poll, 1)]).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(
        began.elapsed() < SOON + Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    // Longer than a beat and an answer take.
    tokio::time::sleep(Duration::from_secs(4)).await;
    server.resume();
    goes_on_after_missed(&mut heard, &node, &poll).await;
}

/// Silence alone is no loss.
#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_connection_is_kept() {
    let Some(server) = Server::plain() else {
        return;
    };
    let node = impatient_node(&server).await;
    let poll = poll();
    let mut heard = listen(&node, &poll).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    node.publish(&[tallied(&poll, 1)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 1));
}

/// Whatever is lost with the connection, `Lagged` stands in its place, also when it is lost again and again.
#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_unnoticed_under_traffic() {
    let Some(server) = Server::plain() else {
        return;
    };
    let (publisher, listener) = (node(&server).await, node(&server).await);
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
        server.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
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
async fn hear(heard: &mut DeliveryStream, newest: &mut u64, lost: &mut u32) {
    let mut told = false;
    loop {
        match next(heard).await {
            Delivery::Lagged => {
                *lost += u32::from(!told);
                told = true;
            }
            Delivery::Update(update) => {
                let revision = revision(&update);
                assert!(revision > *newest, "{revision} after {newest}");
                assert!(told || revision == *newest + 1, "a gap that was not told");
                *newest = revision;
                return;
            }
        }
    }
}
