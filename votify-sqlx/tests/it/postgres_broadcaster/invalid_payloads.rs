//! Payloads that other programs send to the channel.

use votify_core::Broadcaster;
use votify_core::broadcast::Delivery;
use votify_sqlx::sqlx::Executor;
use votify_test_support::broadcaster::{
    WAIT_LIMIT, next_delivery, next_update, poll, subscribe, tally_update,
};

use super::harness::{
    connection, create_database_without_encoding, drop_database, node, notify, server,
};

#[tokio::test]
async fn invalid_payloads_are_ignored() {
    let Some(server) = server() else { return };
    let node = node(&server).await;
    let poll = poll();
    let mut deliveries = subscribe(&node, &poll).await;
    let mut other = connection(&server).await;
    let long = "x".repeat(7_999);
    for payload in [
        "",
        "hello",
        "{}",
        "{\"poll\":\"pizza\"}",
        "[[[[",
        "\u{1F355}",
        &long,
    ] {
        notify(&mut other, payload).await;
    }
    // Notifications arrive in order: a reaction to a payload would be delivered first.
    node.publish(&[tally_update(&poll, 1)]).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, tally_update(&poll, 1));
}

#[tokio::test]
async fn an_update_of_an_unknown_type_becomes_lagged_for_its_poll_only() {
    let Some(server) = server() else { return };
    let node = node(&server).await;
    let (affected, unaffected) = (poll(), poll());
    let mut deliveries = subscribe(&node, &affected).await;
    let mut other_deliveries = subscribe(&node, &unaffected).await;
    let mut newer_version = connection(&server).await;
    let id = affected.id;
    let unknown = format!(r#"{{"poll":"{id}","update":{{"type":"sparkled","glitter":[7]}}}}"#);
    notify(&mut newer_version, &unknown).await;
    let updates = [tally_update(&affected, 1), tally_update(&unaffected, 1)];
    node.publish(&updates).await.unwrap();
    assert_eq!(next_delivery(&mut deliveries).await, Delivery::Lagged);
    assert_eq!(next_update(&mut deliveries).await, updates[0]);
    assert_eq!(next_update(&mut other_deliveries).await, updates[1]);
}

/// A database without an encoding accepts any bytes. The server ends connections that it
/// cannot send the bytes to.
#[tokio::test]
async fn bytes_that_are_not_text_cost_a_connection_at_most() {
    let Some(server) = server() else { return };
    let database = create_database_without_encoding(&server).await;
    let node = node(&database).await;
    let poll = poll();
    let mut deliveries = subscribe(&node, &poll).await;
    let mut other = connection(&database).await;
    for _ in 0..3 {
        // None of these bytes starts a character.
        let bytes = "SELECT pg_notify('votify_updates', E'\\xff\\xfe\\xff')";
        other.execute(bytes).await.unwrap();
    }
    let recovered = async {
        loop {
            node.publish(&[tally_update(&poll, 1)]).await.unwrap();
            if let Delivery::Update(_) = next_delivery(&mut deliveries).await {
                return;
            }
        }
    };
    tokio::time::timeout(WAIT_LIMIT, recovered).await.unwrap();
    node.close().await;
    drop_database(&server, &database).await;
}
