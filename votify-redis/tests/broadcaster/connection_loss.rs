//! Lost connections and lost servers.

use std::time::{Duration, Instant};

use votify_core::Broadcaster;
use votify_test_support::broadcaster::{
    assert_lagged_then_updates, lost_updates_are_reported, poll, silent_connections_stay_open,
    subscribe, tally_update,
};
use votify_test_support::redis::Server;

use crate::harness::{SHORT_TIMEOUT, open_instance, open_instance_with_short_timeout};

#[tokio::test(flavor = "multi_thread")]
async fn killed_server_causes_lagged_and_updates_resume() {
    let Some(mut server) = Server::new() else {
        return;
    };
    let (here, there) = (open_instance(&server).await, open_instance(&server).await);
    let polls = [poll(), poll()];
    let mut streams = [
        subscribe(&here, &polls[0]).await,
        subscribe(&there, &polls[1]).await,
    ];
    for _ in 0..3 {
        server.kill();
        let update = tally_update(&polls[0], 1);
        let error = here.publish(&[update]).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        server.start();
        for (poll, stream) in polls.iter().zip(&mut streams) {
            assert_lagged_then_updates(stream, &there, poll).await;
        }
    }
}

/// A paused server keeps its connections open without an answer.
#[tokio::test(flavor = "multi_thread")]
async fn paused_server_is_detected_and_updates_resume() {
    let Some(server) = Server::new() else {
        return;
    };
    let instance = open_instance_with_short_timeout(&server).await;
    let poll = poll();
    let mut deliveries = subscribe(&instance, &poll).await;
    server.pause();
    let started = Instant::now();
    let error = instance
        .publish(&[tally_update(&poll, 1)])
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(
        started.elapsed() < SHORT_TIMEOUT + Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    // Longer than the ping interval (2 s) and the timeout together.
    tokio::time::sleep(Duration::from_secs(4)).await;
    server.resume();
    assert_lagged_then_updates(&mut deliveries, &instance, &poll).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connection_stays_open() {
    let Some(server) = Server::new() else {
        return;
    };
    let instance = open_instance_with_short_timeout(&server).await;
    // Three ping intervals.
    silent_connections_stay_open(&instance, Duration::from_secs(6)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_updates_are_replaced_by_lagged_under_traffic() {
    let Some(server) = Server::new() else {
        return;
    };
    let (publisher, listener) = (open_instance(&server).await, open_instance(&server).await);
    lost_updates_are_reported(publisher, &listener, async || {
        server.cli(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    })
    .await;
}
