//! Heartbeats, for clients that see neither pings nor comments.

use std::time::Duration;

use serde_json::json;
use votify_axum::StreamTiming;

use crate::app::App;
use crate::browser::Browser;
use crate::server::Server;
use crate::stream_clients::{EventStream, Socket};

const INTERVAL: Duration = Duration::from_millis(100);

async fn server() -> Server {
    let timing = StreamTiming {
        heartbeat_interval: INTERVAL,
        ..StreamTiming::default()
    };
    Server::start(App::with(|router| router.stream_timing(timing))).await
}

#[tokio::test]
async fn heartbeats_come_on_both_kinds_of_streams() {
    let server = server().await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let path = Server::stream_path(&poll, "?heartbeat=1");
    let mut socket = Socket::open(&server, &path, &[]).await;
    let mut events = EventStream::open(&server, &path, &[]).await;
    assert_eq!(socket.next().await["type"], "poll_updated");
    assert_eq!(events.next().await.unwrap().name, "poll_updated");
    for _ in 0..3 {
        assert_eq!(
            socket.next_of("heartbeat").await,
            json!({"type": "heartbeat"})
        );
        let event = events.next_of("heartbeat").await;
        assert_eq!(event.data, json!({"type": "heartbeat"}));
        assert_eq!(event.id, "", "the client keeps the last position");
    }
    // They do not replace the state.
    Browser::new(&server.app)
        .vote(&poll, 0)
        .await
        .expect_status(201);
    socket
        .next_where(|message| message["total_votes"] == 1)
        .await;
    while events.next_of("poll_updated").await.data["total_votes"] != 1 {}
}

#[tokio::test]
async fn heartbeats_come_only_on_request() {
    let server = server().await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    let mut messages = socket.all_within(10 * INTERVAL).await;
    messages.retain(|message| message["type"] == "heartbeat");
    assert!(messages.is_empty(), "{messages:?}");
    for wrong in ["0", "true", ""] {
        let path = Server::stream_path(&poll, &format!("?heartbeat={wrong}"));
        let response = server.app.get(&path).await;
        assert_eq!(
            response.expect_status(422).json()["errors"],
            json!([{"field": "heartbeat", "problem": "must be one of 1"}]),
        );
    }
}

/// Clients take 45 s of silence as a dead connection.
#[test]
fn heartbeats_are_sent_every_20_s() {
    let timing = StreamTiming::default();
    assert_eq!(timing.heartbeat_interval, Duration::from_secs(20));
}
