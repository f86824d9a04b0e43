use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use votify_axum::StreamTiming;

use crate::app::App;
use crate::browser::Browser;
use crate::server::Server;
use crate::stream_clients::Socket;

#[tokio::test]
async fn malformed_messages_are_answered_and_the_stream_continues() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    socket.next().await;
    let deep = "[".repeat(60_000);
    for message in [
        Message::text("hello"),
        Message::text(""),
        Message::text("[]"),
        Message::text("{}"),
        Message::text(deep),
        Message::text(r#"{"type": "subscribe"}"#),
        Message::text(r#"{"type": 7}"#),
        Message::text(r#"{"type": "vote", "request_id": 7}"#),
        Message::text(r#"{"type": "refresh", "more": 1}"#),
        Message::binary(vec![0xFF, 0xFE]),
        Message::binary(&b"{\"type\": \"refresh\"}"[..]),
    ] {
        socket.send_raw(message).await;
        let response = socket
            .next_where(|message| message["type"] != "poll_updated")
            .await;
        assert_eq!(
            response,
            json!({"type": "error", "code": "malformed_message"})
        );
    }
    socket.send(json!({"type": "refresh"})).await;
    assert_eq!(socket.next_of("poll_updated").await["total_votes"], 0);
}

#[tokio::test]
async fn a_repeated_key_is_malformed_and_named() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    let [a, b, _] = &poll.options[..] else {
        panic!("{poll:?}")
    };
    for (message, key) in [
        (
            format!(r#"{{"type": "vote", "option_id": "{a}", "option_id": "{b}"}}"#),
            "option_id",
        ),
        (
            format!(r#"{{"type": "refresh", "type": "vote", "option_id": "{a}"}}"#),
            "type",
        ),
        (
            r#"{"type": "vote", "option_id": {"x": 1, "x": 1}}"#.to_owned(),
            "x",
        ),
    ] {
        socket.send_raw(Message::text(message)).await;
        let error = socket.next_of("error").await;
        assert_eq!(error["code"], "malformed_message");
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("{key:?}")), "{detail}");
    }
    assert_eq!(server.app.total(&poll.id).await, 0);
}

/// Removes the viewer count, which may change at any time.
fn without_viewers(mut state: Value) -> Value {
    state.as_object_mut().unwrap().remove("viewers");
    state
}

/// A client cannot send the message types of the server.
#[tokio::test]
async fn server_message_types_are_rejected() {
    let server = Server::start(App::new()).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.create_poll(json!({})).await;
    let before = owner.get(&poll.path("")).await.expect_status(200).json();
    let cookie = [("cookie", owner.cookie.as_deref().unwrap())];
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &cookie).await;
    let state = socket.next().await;
    for kind in [
        "poll_updated",
        "poll_changed",
        "poll_closed",
        "poll_deleted",
        "vote_submitted",
        "vote_confirmed",
        "vote_rejected",
        "error",
    ] {
        let mut message = state.clone();
        let fields = message.as_object_mut().unwrap();
        fields.extend([
            ("type".to_owned(), json!(kind)),
            ("request_id".to_owned(), json!("a")),
            ("option_id".to_owned(), json!(poll.options[0])),
            ("total_votes".to_owned(), json!(7)),
            ("final".to_owned(), json!(true)),
        ]);
        socket.send(message).await;
        let response = socket
            .next_where(|message| message["type"] != "poll_updated")
            .await;
        let expected = json!({"type": "error", "code": "malformed_message"});
        assert_eq!(response, expected, "{kind}");
    }
    socket.send(json!({"type": "refresh"})).await;
    let after = socket.next_of("poll_updated").await;
    assert_eq!(without_viewers(after), without_viewers(state));
    let after = owner.get(&poll.path("")).await.expect_status(200).json();
    assert_eq!(
        (&after["poll"], &after["options"]),
        (&before["poll"], &before["options"])
    );
}

#[tokio::test]
async fn messages_beyond_64_kib_close_with_1009() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    for size in [64 * 1024 + 1, 128 * 1024 + 1, 1024 * 1024] {
        let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
        socket.send_raw(Message::text("x".repeat(size))).await;
        assert_eq!(
            u16::from(socket.closed().await.unwrap().code),
            1009,
            "{size}"
        );
    }
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    socket.next().await;
    socket.send_raw(Message::text("x".repeat(64 * 1024))).await;
    let response = socket
        .next_where(|message| message["type"] != "poll_updated")
        .await;
    assert_eq!(response["code"], "malformed_message");
}

#[tokio::test]
async fn unresponsive_peers_are_disconnected() {
    let timing = StreamTiming {
        ping_interval: Duration::from_millis(100),
        ..StreamTiming::default()
    };
    let server = Server::start(App::with(|router| router.stream_timing(timing))).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let path = Server::stream_path(&poll, "");
    let mut responsive = Socket::open(&server, &path, &[]).await;
    let mut unresponsive = Socket::open(&server, &path, &[]).await;
    // A client that reads answers the pings. The other client does not read.
    responsive.all_within(Duration::from_secs(1)).await;
    responsive.send(json!({"type": "refresh"})).await;
    responsive.next_of("poll_updated").await;
    assert_eq!(u16::from(unresponsive.closed().await.unwrap().code), 1008);
}

#[tokio::test]
async fn streams_are_limited_per_address() {
    let server = Server::start(App::with(|router| router.streams_per_address(Some(2)))).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let path = Server::stream_path(&poll, "");
    let first = Socket::open(&server, &path, &[]).await;
    let _second = Socket::open(&server, &path, &[]).await;
    let (status, body) = Socket::try_open(&server, &path, &[]).await.unwrap_err();
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (429, &json!("rate_limited"))
    );
    drop(first);
    let opened = async {
        while Socket::try_open(&server, &path, &[]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(crate::server::TIMEOUT, opened)
        .await
        .unwrap();
}

#[tokio::test]
async fn engine_shutdown_closes_streams_with_a_reason() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    socket.next().await;
    server.app.engine.shutdown().await;
    let frame = socket.closed().await.unwrap();
    assert_eq!(u16::from(frame.code), 1001);
    assert_eq!(frame.reason.as_str(), "the server is shutting down");
}
