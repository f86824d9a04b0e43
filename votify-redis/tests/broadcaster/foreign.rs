//! What others say on a poll's channel.

use votify_core::Broadcaster;
use votify_core::broadcast::Delivery;

use crate::scene::{channel, listen, next, node, poll, tallied, update};
use crate::servers::Server;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_update_is_missed_by_its_poll_alone() {
    let Some(server) = Server::plain() else {
        return;
    };
    let node = node(&server).await;
    let (concerned, other) = (poll(), poll());
    let mut heard = listen(&node, &concerned).await;
    let mut heard_by_other = listen(&node, &other).await;
    let long = "x".repeat(100_000);
    let of_other = format!(r#"{{"type":"deleted","poll":"{}"}}"#, other.id);
    for strange in [
        "",
        "hello",
        "{}",
        "[[[[",
        "\u{1F355}",
        r#"{"type":"sparkled","glitter":[7]}"#,
        &long,
        &of_other,
    ] {
        server.cli(&["PUBLISH", &channel(&concerned), strange]);
        assert_eq!(next(&mut heard).await, Delivery::Lagged, "{strange:.40}");
    }
    let news = [tallied(&concerned, 1), tallied(&other, 1)];
    node.publish(&news).await.unwrap();
    assert_eq!(update(&mut heard).await, news[0]);
    assert_eq!(update(&mut heard_by_other).await, news[1]);
}

/// Bytes that are no text, on channels that are nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn noise_breaks_nothing() {
    let Some(server) = Server::plain() else {
        return;
    };
    let node = node(&server).await;
    let poll = poll();
    let mut heard = listen(&node, &poll).await;
    for elsewhere in ["votify", "votify:{}:updates", "votify:{pizza}:updates"] {
        server.cli(&["PUBLISH", elsewhere, "hello"]);
    }
    let script = "redis.call('PUBLISH', ARGV[1], '\\255\\254') return 1";
    server.cli(&["EVAL", script, "0", &channel(&poll)]);
    assert_eq!(next(&mut heard).await, Delivery::Lagged);
    node.publish(&[tallied(&poll, 1)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 1));
}
