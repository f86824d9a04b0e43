//! Closing and dropping.

use futures_util::StreamExt;
use votify_core::Broadcaster;
use votify_core::broadcast::{BroadcastError, Topic};

use crate::scene::{LOST, listen, node, poll, tallied, until, update};
use crate::servers::Server;

/// How many connections listen to something.
fn listening(server: &Server) -> usize {
    let clients = server.cli(&["CLIENT", "LIST"]);
    clients
        .lines()
        .filter(|line| !line.contains(" sub=0 "))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_streams_connections_and_clones() {
    let Some(server) = Server::plain() else {
        return;
    };
    let node = node(&server).await;
    let clone = node.clone();
    let poll = poll();
    let mut heard = listen(&node, &poll).await;
    node.publish(&[tallied(&poll, 1)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 1));
    assert_eq!(listening(&server), 1);
    node.close().await;
    assert!(heard.next().await.is_none());
    until(|| listening(&server) == 0).await;
    let error = clone.publish(&[tallied(&poll, 2)]).await.unwrap_err();
    assert!(matches!(error, BroadcastError::Unavailable { .. }));
    let subscribed = clone.subscribe(&Topic::Poll(poll.id)).await;
    assert!(matches!(
        subscribed,
        Err(BroadcastError::Unavailable { .. })
    ));
    // Twice is no harm.
    clone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_last_clone_ends_its_task_and_streams() {
    let Some(server) = Server::plain() else {
        return;
    };
    let node = node(&server).await;
    let mut heard = listen(&node, &poll()).await;
    let clone = node.clone();
    drop(node);
    clone.publish(&[]).await.unwrap();
    drop(clone);
    let ended = tokio::time::timeout(LOST, heard.next()).await;
    assert!(ended.unwrap().is_none());
    until(|| listening(&server) == 0).await;
}
