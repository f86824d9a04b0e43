//! Subscribing without a connection, and without permission.

use std::time::{Duration, Instant};

use votify_core::Broadcaster;
use votify_core::broadcast::{Delivery, Topic};
use votify_redis::{Redis, RedisBroadcaster};
use votify_test_support::broadcaster::{
    assert_lagged_then_updates, next_delivery, poll, subscribe, tally_update,
};
use votify_test_support::redis::Server;

use crate::harness::{open_instance, open_instance_with_short_timeout};

#[tokio::test(flavor = "multi_thread")]
async fn stream_without_a_server_starts_with_lagged() {
    let Some(mut server) = Server::new() else {
        return;
    };
    let instance = open_instance(&server).await;
    let (early, late) = (poll(), poll());
    let mut early_deliveries = subscribe(&instance, &early).await;
    server.kill();
    let mut late_deliveries = subscribe(&instance, &late).await;
    server.start();
    assert_lagged_then_updates(&mut late_deliveries, &instance, &late).await;
    assert_lagged_then_updates(&mut early_deliveries, &instance, &early).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribe_to_a_paused_server_returns_within_the_timeout() {
    let Some(server) = Server::new() else {
        return;
    };
    let instance = open_instance_with_short_timeout(&server).await;
    server.pause();
    let started = Instant::now();
    let polls = [poll(), poll()];
    let mut streams = [
        subscribe(&instance, &polls[0]).await,
        subscribe(&instance, &polls[1]).await,
    ];
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    server.resume();
    for (poll, stream) in polls.iter().zip(&mut streams) {
        assert_lagged_then_updates(stream, &instance, poll).await;
    }
}

/// A server may limit a user to certain channels.
#[tokio::test(flavor = "multi_thread")]
async fn forbidden_channel_is_a_permanent_error() {
    let Some(server) = Server::new() else {
        return;
    };
    let rules = "on >secret ~* +@all resetchannels &other*";
    let mut words = vec!["ACL", "SETUSER", "ann"];
    words.extend(rules.split(' '));
    server.cli(&words);
    let url = server.url().replace("redis://", "redis://ann:secret@");
    let redis = Redis::connect(&url).await.unwrap();
    let forbidden = RedisBroadcaster::from_client(redis.clone()).await.unwrap();
    let poll = poll();
    let topic = Topic::Poll(poll.id);
    let error = forbidden.subscribe(&topic).await.err().unwrap();
    assert!(!error.is_transient(), "{error:?}");
    let update = tally_update(&poll, 1);
    let error = forbidden.publish(&[update]).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
    let redis = redis.with_prefix("other").unwrap();
    let allowed = RedisBroadcaster::from_client(redis).await.unwrap();
    let mut deliveries = subscribe(&allowed, &poll).await;
    allowed.publish(&[tally_update(&poll, 1)]).await.unwrap();
    let delivery = next_delivery(&mut deliveries).await;
    assert!(matches!(delivery, Delivery::Update(_)));
}
