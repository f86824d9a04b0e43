//! Closing and dropping.

use std::time::Duration;

use futures_util::StreamExt;
use votify_core::Broadcaster;
use votify_core::broadcast::{BroadcastError, Topic};
use votify_sqlx::PostgresBroadcaster;

use crate::scene::{
    LOST, connection, connections, host_pool, listen, named, node, poll, server, tallied, update,
};

#[tokio::test]
async fn closing_ends_streams_connections_and_clones() {
    let Some(server) = server() else { return };
    let mut admin = connection(&server).await;
    let (named, name) = named(&server);
    let node = node(&named).await;
    let clone = node.clone();
    let poll = poll();
    let mut heard = listen(&node, &poll).await;
    node.publish(&[tallied(&poll, 1)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 1));
    assert!(connections(&mut admin, &name).await >= 2);
    node.close().await;
    assert!(heard.next().await.is_none());
    // The server may need a moment to take notice.
    let gone = async {
        while connections(&mut admin, &name).await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LOST, gone).await.unwrap();
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

#[tokio::test]
async fn dropping_the_last_clone_ends_its_task_and_streams() {
    let Some(server) = server() else { return };
    let mut admin = connection(&server).await;
    let (named, name) = named(&server);
    let pool = host_pool(&server).await;
    pool.set_connect_options(named);
    let node = PostgresBroadcaster::from_pool(pool).await.unwrap();
    // Only the one that listens was opened since the name was set.
    assert_eq!(connections(&mut admin, &name).await, 1);
    let mut heard = listen(&node, &poll()).await;
    let clone = node.clone();
    drop(node);
    clone.publish(&[]).await.unwrap();
    drop(clone);
    let ended = tokio::time::timeout(LOST, heard.next()).await;
    assert!(ended.unwrap().is_none());
    let gone = async {
        while connections(&mut admin, &name).await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LOST, gone).await.unwrap();
}
