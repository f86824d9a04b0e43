//! Closing and dropping.

use votify_test_support::broadcaster::{
    closing_ends_streams_and_clones, dropping_the_last_clone_ends_streams,
};
use votify_test_support::redis::Server;

use crate::harness::open_instance;

/// Returns the number of connections with subscriptions.
fn subscriber_connections(server: &Server) -> usize {
    let clients = server.cli(&["CLIENT", "LIST"]);
    clients
        .lines()
        .filter(|line| !line.contains(" sub=0 "))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn close_ends_streams_connections_and_clones() {
    let Some(server) = Server::new() else {
        return;
    };
    closing_ends_streams_and_clones(
        open_instance(&server).await,
        async |instance| instance.close().await,
        async || subscriber_connections(&server),
        1..=1,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_last_clone_ends_task_and_streams() {
    let Some(server) = Server::new() else {
        return;
    };
    let instance = open_instance(&server).await;
    dropping_the_last_clone_ends_streams(instance, async || subscriber_connections(&server)).await;
}
