//! Closing and dropping a broadcaster.

use votify_sqlx::PostgresBroadcaster;
use votify_test_support::broadcaster::{
    closing_ends_streams_and_clones, dropping_the_last_clone_ends_streams,
};

use super::harness::{connection, count_connections, host_pool, named, node, server};

#[tokio::test]
async fn closing_ends_streams_connections_and_clones() {
    let Some(server) = server() else { return };
    let mut admin = connection(&server).await;
    let (named, name) = named(&server);
    closing_ends_streams_and_clones(
        node(&named).await,
        async |node: &PostgresBroadcaster| node.close().await,
        async || count_connections(&mut admin, &name).await,
        2..,
    )
    .await;
}

#[tokio::test]
async fn dropping_the_last_clone_ends_streams_and_connections() {
    let Some(server) = server() else { return };
    let mut admin = connection(&server).await;
    let (named, name) = named(&server);
    let pool = host_pool(&server).await;
    pool.set_connect_options(named);
    let node = PostgresBroadcaster::from_pool(pool).await.unwrap();
    // Only the listening connection was opened after the pool got the name.
    assert_eq!(count_connections(&mut admin, &name).await, 1);
    dropping_the_last_clone_ends_streams(node, async || count_connections(&mut admin, &name).await)
        .await;
}
