//! The clock is moved by the runtime whenever nothing is left to do, so that minutes pass at once.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::routing::get;
use futures_util::stream::{self, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::*;

const ASK: &[u8] = b"GET /whole HTTP/1.1\r\nhost: x\r\n\r\n";

/// A server, and a client's connection to it.
struct Setting {
    client: TcpStream,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

async fn setting() -> Setting {
    let ticks = || async {
        let ticks = stream::repeat(()).then(|()| async {
            sleep(Duration::from_secs(10)).await;
            Ok::<_, Infallible>(Bytes::from_static(b"tick"))
        });
        Body::from_stream(ticks.take(60))
    };
    let app = Router::new()
        .route("/whole", get(|| async { "answer" }))
        .route(
            "/slow",
            get(|| async { sleep(Duration::from_secs(600)).await }),
        )
        .route("/stream", get(ticks));
    let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let server = tokio::spawn({
        let stop = stop.clone();
        async move {
            let connections = Connections::new(app, 8);
            connections.accept(listener, &stop).await;
            connections.finish_requests().await;
            connections.closed().await;
        }
    });
    Setting {
        client: client.await.unwrap(),
        stop,
        server,
    }
}

/// What comes until the server closes the connection, and how long that takes.
async fn rest(client: &mut TcpStream) -> (String, Duration) {
    let (mut text, begun) = (Vec::new(), Instant::now());
    // A connection that is reset is closed as well.
    let _ = client.read_to_end(&mut text).await;
    (String::from_utf8(text).unwrap(), begun.elapsed())
}

fn in_bounds(took: Duration) -> bool {
    took <= 2 * IDLE + Duration::from_secs(1)
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_in_time() {
    let mut setting = setting().await;
    setting.client.write_all(ASK).await.unwrap();
    let (text, took) = rest(&mut setting.client).await;
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(in_bounds(took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let setting = setting().await;
    let (mut reads, mut writes) = setting.client.into_split();
    let dripping = tokio::spawn(async move {
        for byte in b"GET /whole HTTP/1.1\r\nx: "
            .iter()
            .chain(std::iter::repeat(&b'y'))
        {
            sleep(Duration::from_secs(5)).await;
            if writes.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
    });
    let begun = Instant::now();
    let mut text = String::new();
    let _ = reads.read_to_string(&mut text).await;
    assert_eq!(text, "");
    assert!(in_bounds(begun.elapsed()), "{:?}", begun.elapsed());
    dripping.abort();
}

#[tokio::test(start_paused = true)]
async fn requests_and_streams_are_not_idle_however_long_they_take() {
    for path in ["/slow", "/stream"] {
        let mut setting = setting().await;
        let ask = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        setting.client.write_all(ask.as_bytes()).await.unwrap();
        let (text, took) = rest(&mut setting.client).await;
        assert!(text.starts_with("HTTP/1.1 200"), "{path}: {text}");
        assert!(took >= Duration::from_secs(590), "{path}: {took:?}");
        if path == "/stream" {
            assert!(text.ends_with("0\r\n\r\n"), "all of it came: {text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_answers_what_is_in_hand() {
    let mut setting = setting().await;
    let ask = b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n";
    setting.client.write_all(ask).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    setting.stop.cancel();
    let (text, _) = rest(&mut setting.client).await;
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains("connection: close"), "{text}");
    setting.server.await.unwrap();
}
