//! Foreign messages on a poll's channel.

use votify_core::Broadcaster;
use votify_core::broadcast::Delivery;
use votify_test_support::broadcaster::{next_delivery, next_update, poll, subscribe, tally_update};
use votify_test_support::redis::Server;

use crate::harness::{channel, open_instance};

#[tokio::test(flavor = "multi_thread")]
async fn invalid_payloads_are_lagged_for_their_poll_only() {
    let Some(server) = Server::new() else {
        return;
    };
    let instance = open_instance(&server).await;
    let (affected, other) = (poll(), poll());
    let mut deliveries = subscribe(&instance, &affected).await;
    let mut deliveries_of_other = subscribe(&instance, &other).await;
    let long = "x".repeat(100_000);
    let update_of_other = format!(r#"{{"type":"deleted","poll":"{}"}}"#, other.id);
    for payload in [
        "",
        "hello",
        "{}",
        "[[[[",
        "\u{1F355}",
        r#"{"type":"sparkled","glitter":[7]}"#,
        &long,
        &update_of_other,
    ] {
        server.cli(&["PUBLISH", &channel(&affected), payload]);
        let delivery = next_delivery(&mut deliveries).await;
        assert_eq!(delivery, Delivery::Lagged, "{payload:.40}");
    }
    let updates = [tally_update(&affected, 1), tally_update(&other, 1)];
    instance.publish(&updates).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, updates[0]);
    assert_eq!(next_update(&mut deliveries_of_other).await, updates[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_channels_are_ignored_and_binary_payloads_are_lagged() {
    let Some(server) = Server::new() else {
        return;
    };
    let instance = open_instance(&server).await;
    let poll = poll();
    let mut deliveries = subscribe(&instance, &poll).await;
    for foreign in ["votify", "votify:{}:updates", "votify:{pizza}:updates"] {
        server.cli(&["PUBLISH", foreign, "hello"]);
    }
    let script = "redis.call('PUBLISH', ARGV[1], '\\255\\254') return 1";
    server.cli(&["EVAL", script, "0", &channel(&poll)]);
    assert_eq!(next_delivery(&mut deliveries).await, Delivery::Lagged);
    instance.publish(&[tally_update(&poll, 1)]).await.unwrap();
    assert_eq!(next_update(&mut deliveries).await, tally_update(&poll, 1));
}
