//! The number of subscriptions and connections of an instance.

use votify_core::{Broadcaster, Poll};
use votify_test_support::broadcaster::{next_update, poll, subscribe, tally_update, wait_until};
use votify_test_support::redis::Server;

use crate::harness::{channel, open_instance};

/// Returns the number of connections that subscribe to a poll's channel.
fn subscribers(server: &Server, poll: &Poll) -> String {
    let reply = server.cli(&["PUBSUB", "NUMSUB", &channel(poll)]);
    reply.lines().last().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn instance_has_one_connection_and_one_subscription_per_poll() {
    let Some(server) = Server::new() else {
        return;
    };
    let instance = open_instance(&server).await;
    let polls: Vec<_> = (0..20).map(|_| poll()).collect();
    let mut streams = Vec::new();
    for poll in &polls {
        for _ in 0..5 {
            streams.push(subscribe(&instance, poll).await);
        }
    }
    assert_eq!(instance.topic_count(), 20);
    for poll in &polls {
        assert_eq!(subscribers(&server, poll), "1");
    }
    let clients = server.cli(&["CLIENT", "LIST"]);
    let subscribed = clients.lines().filter(|line| line.contains(" sub=20 "));
    assert_eq!(subscribed.count(), 1, "{clients}");
    // Only the last stream of a poll unsubscribes.
    let last_poll = streams.split_off(95);
    drop(streams);
    wait_until(async || {
        polls[..19]
            .iter()
            .all(|poll| subscribers(&server, poll) == "0")
    })
    .await;
    assert_eq!(subscribers(&server, &polls[19]), "1");
    drop(last_poll);
    wait_until(async || subscribers(&server, &polls[19]) == "0").await;
    assert_eq!(instance.topic_count(), 0);
    // A poll can be subscribed to again.
    let mut deliveries = subscribe(&instance, &polls[19]).await;
    let update = tally_update(&polls[19], 1);
    instance
        .publish(std::slice::from_ref(&update))
        .await
        .unwrap();
    assert_eq!(next_update(&mut deliveries).await, update);
}

/// The updates are sent in one pipeline.
#[tokio::test(flavor = "multi_thread")]
async fn updates_of_one_call_arrive_in_order() {
    let Some(server) = Server::new() else {
        return;
    };
    let (here, there) = (open_instance(&server).await, open_instance(&server).await);
    let poll = poll();
    let mut deliveries = subscribe(&there, &poll).await;
    let updates: Vec<_> = (1..=60)
        .map(|revision| tally_update(&poll, revision))
        .collect();
    here.publish(&updates).await.unwrap();
    for expected in &updates {
        assert_eq!(next_update(&mut deliveries).await, *expected);
    }
}
