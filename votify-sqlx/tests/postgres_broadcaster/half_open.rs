//! Connections that are lost without a word.

use std::time::{Duration, Instant};

use votify_core::Broadcaster;
use votify_core::broadcast::Delivery;
use votify_sqlx::PostgresBroadcaster;
use votify_sqlx::sqlx::postgres::PgPoolOptions;

use crate::proxy::Proxy;
use crate::scene::{
    drop_database, listen, next, node, poll, quiet_database, server, tallied, update,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_loss_is_noticed_told_and_mended() {
    let Some(server) = server() else { return };
    let proxy = Proxy::to(&server).await;
    // One place, so that publishing hangs on its being free again, and handed out without a look at it.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false);
    let pool = pool.connect_with(proxy.route(&server)).await.unwrap();
    let far = PostgresBroadcaster::from_pool(pool.clone()).await.unwrap();
    let direct = node(&server).await;
    let poll = poll();
    let mut heard = listen(&far, &poll).await;
    direct.publish(&[tallied(&poll, 1)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 1));
    // Its connection for publishing is lost with the other.
    far.publish(&[tallied(&poll, 2)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 2));
    while pool.num_idle() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    proxy.freeze();
    let frozen = Instant::now();
    direct.publish(&[tallied(&poll, 3)]).await.unwrap();
    let error = far.publish(&[tallied(&poll, 4)]).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(next(&mut heard).await, Delivery::Lagged);
    assert!(
        frozen.elapsed() < Duration::from_secs(15),
        "{:?}",
        frozen.elapsed()
    );
    direct.publish(&[tallied(&poll, 5)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 5));
    // The place of the lost connection is free again.
    far.publish(&[tallied(&poll, 6)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 6));
}

/// Silence alone is no loss.
#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_connection_is_kept() {
    let Some(server) = server() else { return };
    let database = quiet_database(&server).await;
    let node = node(&database).await;
    let poll = poll();
    let mut heard = listen(&node, &poll).await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    node.publish(&[tallied(&poll, 1)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 1));
    node.close().await;
    drop_database(&server, &database).await;
}
