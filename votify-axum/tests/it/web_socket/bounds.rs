use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use votify_axum::StreamTiming;

use crate::app::App;
use crate::browser::Browser;
use crate::live::Socket;
use crate::server::Server;

#[tokio::test]
async fn what_is_not_understood_is_said_and_the_stream_stays() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
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
        let answer = socket
            .next_where(|message| message["type"] != "poll_updated")
            .await;
        assert_eq!(
            answer,
            json!({"type": "error", "code": "malformed_message"})
        );
    }
    socket.send(json!({"type": "refresh"})).await;
    assert_eq!(socket.next_of("poll_updated").await["total_votes"], 0);
}

/// A state but for the number of those who look at it.
fn without_viewers(mut state: Value) -> Value {
    state.as_object_mut().unwrap().remove("viewers");
    state
}

/// What the server says is nothing that it can be told.
#[tokio::test]
async fn what_only_the_server_says_has_no_effect() {
    let server = Server::start(App::new()).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.make(json!({})).await;
    let before = owner.get(&poll.at("")).await.ok(200).json();
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
        let mut said = state.clone();
        let fields = said.as_object_mut().unwrap();
        fields.extend([
            ("type".to_owned(), json!(kind)),
            ("request_id".to_owned(), json!("a")),
            ("option_id".to_owned(), json!(poll.options[0])),
            ("total_votes".to_owned(), json!(7)),
            ("final".to_owned(), json!(true)),
        ]);
        socket.send(said).await;
        let answer = socket
            .next_where(|message| message["type"] != "poll_updated")
            .await;
        let refused = json!({"type": "error", "code": "malformed_message"});
        assert_eq!(answer, refused, "{kind}");
    }
    socket.send(json!({"type": "refresh"})).await;
    let after = socket.next_of("poll_updated").await;
    assert_eq!(without_viewers(after), without_viewers(state));
    let after = owner.get(&poll.at("")).await.ok(200).json();
    assert_eq!(
        (&after["poll"], &after["options"]),
        (&before["poll"], &before["options"])
    );
}

#[tokio::test]
async fn messages_beyond_64_kib_close_with_1009() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
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
    let answer = socket
        .next_where(|message| message["type"] != "poll_updated")
        .await;
    assert_eq!(answer["code"], "malformed_message");
}

#[tokio::test]
async fn a_peer_is_pinged_and_dropped_when_it_stays_silent() {
    let timing = StreamTiming {
        ping_interval: Duration::from_millis(100),
        ..StreamTiming::default()
    };
    let server = Server::start(App::with(|router| router.stream_timing(timing))).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    let path = Server::stream_path(&poll, "");
    let mut awake = Socket::open(&server, &path, &[]).await;
    let mut asleep = Socket::open(&server, &path, &[]).await;
    // The one that reads answers the pings; the other one does not even look.
    awake.all_within(Duration::from_secs(1)).await;
    awake.send(json!({"type": "refresh"})).await;
    awake.next_of("poll_updated").await;
    assert!(asleep.closed().await.is_none(), "dropped without a word");
}

#[tokio::test]
async fn an_address_may_hold_so_many_streams() {
    let server = Server::start(App::with(|router| router.streams_per_address(Some(2)))).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
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
    tokio::time::timeout(crate::server::PATIENCE, opened)
        .await
        .unwrap();
}

#[tokio::test]
async fn when_the_engine_shuts_down_streams_end_with_a_reason() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    socket.next().await;
    server.app.engine.shutdown().await;
    let frame = socket.closed().await.unwrap();
    assert_eq!(u16::from(frame.code), 1001);
    assert_eq!(frame.reason.as_str(), "the server is shutting down");
}
