//! Subscribing while there is no connection.

use std::time::{Duration, Instant};

use votify_core::Broadcaster;
use votify_core::broadcast::Delivery;

use crate::scene::{goes_on_after_missed, impatient_node, listen, next, node, poll, tallied};
use crate::servers::Server;

#[tokio::test(flavor = "multi_thread")]
async fn who_subscribes_without_a_server_is_owed_a_missed() {
    let Some(mut server) = Server::plain() else {
        return;
    };
    let node = node(&server).await;
    let (early, late) = (poll(), poll());
    let mut heard_early = listen(&node, &early).await;
    server.kill();
    let mut heard_late = listen(&node, &late).await;
    server.start();
    goes_on_after_missed(&mut heard_late, &node, &late).await;
    goes_on_after_missed(&mut heard_early, &node, &early).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_holds_up_nobody_for_long() {
    let Some(server) = Server::plain() else {
        return;
    };
    let node = impatient_node(&server).await;
    server.pause();
    let began = Instant::now();
    let polls = [poll(), poll()];
    let mut heard = [
        listen(&node, &polls[0]).await,
        listen(&node, &polls[1]).await,
    ];
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    server.resume();
    for (poll, heard) in polls.iter().zip(&mut heard) {
        goes_on_after_missed(heard, &node, poll).await;
    }
}

/// A server may allow a user few channels.
#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_not_allowed_is_an_error() {
    let Some(server) = Server::plain() else {
        return;
    };
    server.cli(&[
        "ACL",
        "SETUSER",
        "ann",
        "on",
        ">secret",
        "~*",
        "+@all",
        "resetchannels",
        "&other*",
    ]);
    let url = server.url().replace("redis://", "redis://ann:secret@");
    let redis = votify_redis::Redis::connect(&url).await.unwrap();
    let refused = votify_redis::RedisBroadcaster::open(redis.clone())
        .await
        .unwrap();
    let poll = poll();
    let topic = votify_core::broadcast::Topic::Poll(poll.id);
    let error = refused.subscribe(&topic).await.err().unwrap();
    assert!(!error.is_transient(), "{error:?}");
    let error = refused.publish(&[tallied(&poll, 1)]).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
    let redis = redis.with_prefix("other").unwrap();
    let allowed = votify_redis::RedisBroadcaster::open(redis).await.unwrap();
    let mut heard = listen(&allowed, &poll).await;
    allowed.publish(&[tallied(&poll, 1)]).await.unwrap();
    assert!(matches!(next(&mut heard).await, Delivery::Update(_)));
}
