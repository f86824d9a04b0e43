//! Connections that are lost without a notice to either end.

use std::time::{Duration, Instant};

use votify_core::Broadcaster;
use votify_core::broadcast::Delivery;
use votify_sqlx::PostgresBroadcaster;
use votify_sqlx::sqlx::postgres::PgPoolOptions;
use votify_test_support::broadcaster::{
    next_delivery, next_update, poll, silent_connections_stay_open, subscribe, tally_update,
};

use super::harness::{create_database, drop_database, node, server};
use super::proxy::FreezingProxy;

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_connection_is_detected_and_replaced() {
    let Some(server) = server() else { return };
    let proxy = FreezingProxy::new(&server).await;
    // One connection, so that publishing needs its slot again. Not tested on acquire, so
    // that the pool hands out the lost connection.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false);
    let pool = pool.connect_with(proxy.route(&server)).await.unwrap();
    let proxied = PostgresBroadcaster::from_pool(pool.clone()).await.unwrap();
    let direct = node(&server).await;
    let poll = poll();
    let mut deliveries = subscribe(&proxied, &poll).await;
    direct.publish(&[tally_update(&poll, 1)]).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, tally_update(&poll, 1));
    // The publishing connection goes through the proxy too.
    proxied.publish(&[tally_update(&poll, 2)]).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, tally_update(&poll, 2));
    while pool.num_idle() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    proxy.freeze();
    let frozen = Instant::now();
    direct.publish(&[tally_update(&poll, 3)]).await.unwrap();
    let error = proxied
        .publish(&[tally_update(&poll, 4)])
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert_eq!(next_delivery(&mut deliveries).await, Delivery::Lagged);
    assert!(
        frozen.elapsed() < Duration::from_secs(15),
        "{:?}",
        frozen.elapsed()
    );
    direct.publish(&[tally_update(&poll, 5)]).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, tally_update(&poll, 5));
    // The slot of the lost connection is free again.
    proxied.publish(&[tally_update(&poll, 6)]).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, tally_update(&poll, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_stays_open() {
    let Some(server) = server() else { return };
    let database = create_database(&server).await;
    let node = node(&database).await;
    // A connection is probed after 5 s of silence and lost if the reply takes 3 s.
    silent_connections_stay_open(&node, Duration::from_secs(9)).await;
    node.close().await;
    drop_database(&server, &database).await;
}
