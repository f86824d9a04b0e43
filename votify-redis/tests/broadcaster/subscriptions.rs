//! What a server has to do for a node.

use votify_core::Broadcaster;

use crate::scene::{channel, listen, node, poll, tallied, until, update};
use crate::servers::Server;

/// How many connections are subscribed to a poll's channel.
fn subscribed(server: &Server, poll: &votify_core::Poll) -> String {
    let said = server.cli(&["PUBSUB", "NUMSUB", &channel(poll)]);
    said.lines().last().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_has_one_subscription_to_a_poll_and_one_connection_for_all() {
    let Some(server) = Server::plain() else {
        return;
    };
    let node = node(&server).await;
    let polls: Vec<_> = (0..20).map(|_| poll()).collect();
    let mut listeners = Vec::new();
    for poll in &polls {
        for _ in 0..5 {
            listeners.push(listen(&node, poll).await);
        }
    }
    assert_eq!(node.topic_count(), 20);
    for poll in &polls {
        assert_eq!(subscribed(&server, poll), "1");
    }
    let clients = server.cli(&["CLIENT", "LIST"]);
    let listening = clients.lines().filter(|line| line.contains(" sub=20 "));
    assert_eq!(listening.count(), 1, "{clients}");
    // The last one who leaves unsubscribes, and nobody before.
    let last = listeners.split_off(95);
    drop(listeners);
    until(|| {
        polls[..19]
            .iter()
            .all(|poll| subscribed(&server, poll) == "0")
    })
    .await;
    assert_eq!(subscribed(&server, &polls[19]), "1");
    drop(last);
    until(|| subscribed(&server, &polls[19]) == "0").await;
    assert_eq!(node.topic_count(), 0);
    // And a poll may be listened to again.
    let mut again = listen(&node, &polls[19]).await;
    node.publish(&[tallied(&polls[19], 1)]).await.unwrap();
    assert_eq!(update(&mut again).await, tallied(&polls[19], 1));
}

/// All that is published at once is one piece of work for the server's connection.
#[tokio::test(flavor = "multi_thread")]
async fn many_updates_arrive_in_order() {
    let Some(server) = Server::plain() else {
        return;
    };
    let (here, there) = (node(&server).await, node(&server).await);
    let poll = poll();
    let mut heard = listen(&there, &poll).await;
    let updates: Vec<_> = (1..=60).map(|revision| tallied(&poll, revision)).collect();
    here.publish(&updates).await.unwrap();
    for expected in &updates {
        assert_eq!(update(&mut heard).await, *expected);
    }
}
