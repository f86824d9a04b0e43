//! What others say on the channel.

use votify_core::Broadcaster;
use votify_core::broadcast::Delivery;

use crate::scene::{
    LOST, connection, database_without_encoding, drop_database, listen, next, node, poll, say,
    server, tallied, update,
};
use votify_sqlx::sqlx::Executor;

#[tokio::test]
async fn garbage_is_ignored() {
    let Some(server) = server() else { return };
    let node = node(&server).await;
    let poll = poll();
    let mut heard = listen(&node, &poll).await;
    let mut stranger = connection(&server).await;
    let long = "x".repeat(7_999);
    for garbage in [
        "",
        "hello",
        "{}",
        "{\"poll\":\"pizza\"}",
        "[[[[",
        "\u{1F355}",
        &long,
    ] {
        say(&mut stranger, garbage).await;
    }
    // One connection brings everything in order, so a reaction to the garbage would come first.
    node.publish(&[tallied(&poll, 1)]).await.unwrap();
    assert_eq!(update(&mut heard).await, tallied(&poll, 1));
}

#[tokio::test]
async fn an_update_of_a_later_version_is_missed_by_its_poll_alone() {
    let Some(server) = server() else { return };
    let node = node(&server).await;
    let (concerned, other) = (poll(), poll());
    let mut heard = listen(&node, &concerned).await;
    let mut heard_by_other = listen(&node, &other).await;
    let mut later = connection(&server).await;
    let id = concerned.id;
    let unknown = format!(r#"{{"poll":"{id}","update":{{"type":"sparkled","glitter":[7]}}}}"#);
    say(&mut later, &unknown).await;
    let news = [tallied(&concerned, 1), tallied(&other, 1)];
    node.publish(&news).await.unwrap();
    assert_eq!(next(&mut heard).await, Delivery::Lagged);
    assert_eq!(update(&mut heard).await, news[0]);
    assert_eq!(update(&mut heard_by_other).await, news[1]);
}

/// A database without an encoding takes any bytes, and the server ends the connections of those to whom it cannot say them.
#[tokio::test]
async fn bytes_that_are_no_text_cost_a_connection_at_most() {
    let Some(server) = server() else { return };
    let database = database_without_encoding(&server).await;
    let node = node(&database).await;
    let poll = poll();
    let mut heard = listen(&node, &poll).await;
    let mut stranger = connection(&database).await;
    for _ in 0..3 {
        // Three bytes, of which none begins a character.
        let bytes = "SELECT pg_notify('votify_updates', E'\\xff\\xfe\\xff')";
        stranger.execute(bytes).await.unwrap();
    }
    let back = async {
        loop {
            node.publish(&[tallied(&poll, 1)]).await.unwrap();
            if let Delivery::Update(_) = next(&mut heard).await {
                return;
            }
        }
    };
    tokio::time::timeout(LOST, back).await.unwrap();
    node.close().await;
    drop_database(&server, &database).await;
}
