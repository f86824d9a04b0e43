use axum::http::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::raw_client::RawClient;
use crate::response_memory::{app, counted, create_large_poll, fill};
use crate::server::Server;
use crate::stream_clients::EventStream;

/// A frame is copied for each viewer, so it is small.
#[tokio::test]
async fn a_large_message_over_a_web_socket_has_several_frames() {
    let server = Server::start(app(64, 8)).await;
    let mut owner = Browser::new(&server.app);
    let poll = create_large_poll(&mut owner).await;
    let path = Server::stream_path(&poll, "");
    let mut client = RawClient::open_web_socket(&server, &path).await;
    let change = json!({"title": "Ünïcödé 👩 ".repeat(20)});
    let poll_path = poll.path("");
    let changed = owner.call(Method::PATCH, &poll_path, Some(change));
    let changed = changed.await.expect_status(200).json();
    let (mut message, mut opcodes) = (Vec::new(), Vec::new());
    let received = loop {
        let frame = client.next_frame().await.unwrap().unwrap();
        // A ping.
        if frame.opcode == 9 {
            continue;
        }
        assert!(frame.payload.len() <= 8 * 1024, "{}", frame.payload.len());
        message.extend(frame.payload);
        opcodes.push(frame.opcode);
        let Ok(received) = serde_json::from_slice::<Value>(&message) else {
            continue;
        };
        if received["type"] == "poll_changed" {
            break received;
        }
        message.clear();
        opcodes.clear();
    };
    assert_eq!(received["poll"]["title"], changed["title"]);
    assert_eq!(received["poll"]["options"], changed["options"]);
    assert_eq!(opcodes, [1, 0, 0, 0], "{} bytes", message.len());
    assert_eq!(counted(&server.app).await, 0);
}

/// Each change of a poll is another message, which viewers may leave unread.
#[tokio::test]
async fn streams_with_large_messages_end_beyond_the_limit_of_an_address() {
    let server = Server::start(app(64, 2)).await;
    let mut owner = Browser::new(&server.app);
    let poll = create_large_poll(&mut owner).await;
    let path = Server::stream_path(&poll, "");
    let mut socket = RawClient::open_web_socket(&server, &path).await;
    let mut events = EventStream::open(&server, &path, &[]).await;
    events.next_of("poll_updated").await;
    let (held, _) = fill(&server.app, "127.0.0.1", &poll.path("")).await;
    let change = json!({"title": "Changed?"});
    let poll_path = poll.path("");
    let changed = owner.call(Method::PATCH, &poll_path, Some(change));
    changed.await.expect_status(200);
    let close = socket.next_close().await;
    assert_eq!(close.close().unwrap().0, 1013);
    let rest = events.rest().await;
    assert!(rest.contains("retry: "), "{rest}");
    assert!(!rest.contains("poll_changed"), "{rest}");
    drop(held);
    assert_eq!(counted(&server.app).await, 0);
}
