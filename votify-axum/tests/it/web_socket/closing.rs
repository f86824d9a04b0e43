//! The closing handshake (RFC 6455, 5.5.1 and 7.1).

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use votify_axum::StreamTiming;

use crate::app::App;
use crate::browser::{Browser, CreatedPoll};
use crate::raw_client::RawClient;
use crate::server::Server;

async fn server_with_poll() -> (Server, CreatedPoll, String) {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let path = Server::stream_path(&poll, "");
    (server, poll, path)
}

#[tokio::test]
async fn a_close_frame_is_answered_and_the_connection_ends_cleanly() {
    let (server, _, path) = server_with_poll().await;
    let registered = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
    ];
    let private = [3000, 3999, 4000, 4999];
    for code in registered.into_iter().chain(private) {
        for reason in ["", "bye", &"x".repeat(123)] {
            let mut client = RawClient::open_web_socket(&server, &path).await;
            client.send_close(code, reason).await;
            let close = client.next_close().await;
            assert_eq!(close.close(), Some((code, reason)));
            client.assert_clean_end().await;
        }
    }
    let mut client = RawClient::open_web_socket(&server, &path).await;
    client.send_frame(0x88, b"").await;
    assert_eq!(client.next_close().await.close(), Some((1005, "")));
    client.assert_clean_end().await;
}

#[tokio::test]
async fn codes_that_must_not_be_sent_are_answered_with_a_protocol_error() {
    let (server, _, path) = server_with_poll().await;
    for code in [
        0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
        // Only gateways send this one, which tungstenite does not know.
        1014,
    ] {
        let mut client = RawClient::open_web_socket(&server, &path).await;
        client.send_close(code, "").await;
        let close = client.next_close().await;
        assert_eq!(close.close().unwrap().0, 1002, "{code}");
        client.assert_clean_end().await;
    }
}

#[tokio::test]
async fn a_message_before_the_close_frame_is_answered_first() {
    let (server, _, path) = server_with_poll().await;
    let mut client = RawClient::open_web_socket(&server, &path).await;
    client.send_frame(0x81, b"hello").await;
    client.send_close(1000, "").await;
    let mut kinds = Vec::new();
    while let Some(frame) = client.next_frame().await.unwrap() {
        if frame.opcode == 1 {
            let message: serde_json::Value = serde_json::from_slice(&frame.payload).unwrap();
            kinds.push(message["type"].as_str().unwrap().to_owned());
        } else if let Some((code, _)) = frame.close() {
            kinds.push(code.to_string());
        }
    }
    assert_eq!(kinds, ["poll_updated", "error", "1000"]);
}

/// The server closes with this code. Ends cleanly if the client answers, and also if it
/// does not.
async fn assert_server_closes(client: &mut RawClient, code: u16, answers: bool) {
    let close = client.next_close().await;
    assert_eq!(close.close().unwrap().0, code);
    if answers {
        client.send_close(code, "").await;
    }
    let began = Instant::now();
    client.assert_clean_end().await;
    let waited = began.elapsed();
    if answers {
        assert!(waited < Duration::from_secs(1), "{waited:?}");
    } else {
        assert!(waited < Duration::from_secs(4), "{waited:?}");
    }
}

#[tokio::test]
async fn deletion_closes_with_the_handshake() {
    for answers in [true, false] {
        let server = Server::start(App::new()).await;
        let mut owner = Browser::new(&server.app);
        let poll = owner.create_poll(json!({})).await;
        let mut client = RawClient::open_web_socket(&server, &Server::stream_path(&poll, "")).await;
        client.next_frame().await.unwrap();
        owner
            .call(axum::http::Method::DELETE, &poll.path(""), None)
            .await
            .expect_status(204);
        assert_server_closes(&mut client, 1000, answers).await;
    }
}

#[tokio::test]
async fn shutdown_closes_with_the_handshake() {
    for answers in [true, false] {
        let (server, _, path) = server_with_poll().await;
        let mut client = RawClient::open_web_socket(&server, &path).await;
        client.next_frame().await.unwrap();
        // Not read before the shutdown.
        client.send_frame(0x81, b"hello").await;
        server.app.engine.shutdown().await;
        assert_server_closes(&mut client, 1001, answers).await;
    }
}

#[tokio::test]
async fn unresponsive_clients_get_a_close_frame() {
    let timing = StreamTiming {
        ping_interval: Duration::from_millis(100),
        ..StreamTiming::default()
    };
    for answers in [true, false] {
        let server = Server::start(App::with(|router| router.stream_timing(timing))).await;
        let poll = Browser::new(&server.app).create_poll(json!({})).await;
        let path = Server::stream_path(&poll, "");
        let mut client = RawClient::open_web_socket(&server, &path).await;
        assert_server_closes(&mut client, 1008, answers).await;
    }
}

/// Frames that violate the protocol, and the code that the server closes with.
#[tokio::test]
async fn violations_of_the_protocol_close_with_a_code() {
    let (server, _, path) = server_with_poll().await;
    let masked = |first: u8, payload: &[u8]| {
        let length = u8::try_from(payload.len()).unwrap();
        [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()
    };
    let long_ping = [&[0x89, 0x80 | 126, 0, 126, 0, 0, 0, 0][..], &[b'x'; 126]].concat();
    let huge = [&[0x81, 0x80 | 127][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    for (name, bytes, code) in [
        ("not masked", b"\x81\x02hi".to_vec(), 1002),
        ("reserved bit", masked(0xC1, b"hi"), 1002),
        ("reserved opcode", masked(0x83, b"hi"), 1002),
        ("reserved control opcode", masked(0x8B, b"hi"), 1002),
        ("fragmented ping", masked(0x09, b"hi"), 1002),
        ("long ping", long_ping, 1002),
        ("continuation of nothing", masked(0x80, b"hi"), 1002),
        ("half a code", masked(0x88, b"\x03"), 1002),
        ("reason is not UTF-8", masked(0x88, b"\x03\xe8\xff"), 1007),
        ("text is not UTF-8", masked(0x81, b"\xff"), 1007),
        ("a frame of 2^64 - 1 bytes", huge, 1009),
        (
            "fragment that is not masked",
            [&masked(0x01, b"a")[..], b"\x80\x01b"].concat(),
            1002,
        ),
        (
            "text inside of a text",
            [masked(0x01, b"a"), masked(0x81, b"b")].concat(),
            1002,
        ),
        (
            "UTF-8 that a fragment does not continue",
            [masked(0x01, b"\xc3"), masked(0x80, b"a")].concat(),
            1007,
        ),
        (
            "UTF-8 without its end",
            [masked(0x01, b"a"), masked(0x80, b"\xe2\x82")].concat(),
            1007,
        ),
        (
            "fragments beyond 64 KiB",
            [
                masked(0x01, b""),
                [
                    &[0x00, 0x80 | 126, 0xFF, 0xFF, 0, 0, 0, 0][..],
                    &[b'x'; 0xFFFF],
                ]
                .concat(),
                [
                    &[0x80, 0x80 | 126, 0xFF, 0xFF, 0, 0, 0, 0][..],
                    &[b'x'; 0xFFFF],
                ]
                .concat(),
            ]
            .concat(),
            1009,
        ),
    ] {
        for answers in [true, false] {
            let mut client = RawClient::open_web_socket(&server, &path).await;
            // More bytes follow. The server must not reset the connection for them.
            let all = [&bytes[..], &[0; 4096]].concat();
            client.write(&all).await;
            let close = client.next_close().await;
            assert_eq!(close.close().unwrap().0, code, "{name}");
            if answers {
                client.send_close(code, "").await;
            }
            client.assert_clean_end().await;
        }
    }
}

#[tokio::test]
async fn a_message_in_fragments_is_one_message() {
    let (server, _, path) = server_with_poll().await;
    let mut client = RawClient::open_web_socket(&server, &path).await;
    client.next_frame().await.unwrap();
    client.send_frame(0x01, br#"{"type": "#).await;
    client.send_frame(0x89, b"ping").await;
    client.send_frame(0x00, b"").await;
    client.send_frame(0x80, br#""refresh"}"#).await;
    let mut kinds = Vec::new();
    while kinds.len() < 2 {
        let opcode = client.next_frame().await.unwrap().unwrap().opcode;
        // The server pings too.
        if opcode != 9 {
            kinds.push(opcode);
        }
    }
    assert_eq!(kinds, [10, 1], "a pong, then the state");
}

/// A client that writes its whole message before it reads receives the reason.
#[tokio::test]
async fn too_long_messages_end_cleanly() {
    let (server, _, path) = server_with_poll().await;
    for size in [64 * 1024 + 1, 128 * 1024 + 1, 8 * 1024 * 1024] {
        let mut client = RawClient::open_web_socket(&server, &path).await;
        client.send_frame(0x81, &vec![b'x'; size]).await;
        assert_server_closes(&mut client, 1009, true).await;
    }
}
