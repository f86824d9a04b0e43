//! Tokio advances the paused clock whenever no task can run, so that minutes pass at once.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::routing::{get, post};
use futures_util::stream::{self, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::*;

const REQUEST: &[u8] = b"GET /whole HTTP/1.1\r\nhost: x\r\n\r\n";

/// More than the kernel's buffers hold for a client that reads nothing: up to 6 MB on the
/// side of the client.
const LARGE: usize = 32 << 20;

/// A server, and a client's connection to it.
struct Harness {
    client: TcpStream,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

async fn harness() -> Harness {
    let ticks = || async {
        let ticks = stream::repeat(()).then(|()| async {
            sleep(Duration::from_secs(10)).await;
            Ok::<_, Infallible>(Bytes::from_static(b"tick"))
        });
        Body::from_stream(ticks.take(60))
    };
    let quiet = || async {
        let end = stream::once(async {
            sleep(Duration::from_secs(600)).await;
            Ok::<_, Infallible>(Bytes::from_static(b"end"))
        });
        let start = stream::once(async { Ok(Bytes::from_static(b"start")) });
        Body::from_stream(start.chain(end))
    };
    // Sends to an upgraded connection for at most 10 s, as WebSockets do.
    let upgrade = |mut request: axum::extract::Request| async move {
        let upgrading = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut connection = TokioIo::new(upgrading.await.unwrap());
            let bytes = vec![b'x'; LARGE];
            let sent = connection.write_all(&bytes);
            assert!(timeout(Duration::from_secs(10), sent).await.is_err());
        });
        let headers = [("connection", "upgrade"), ("upgrade", "x")];
        (axum::http::StatusCode::SWITCHING_PROTOCOLS, headers)
    };
    let app = Router::new()
        .route("/upgrade", get(upgrade))
        .route("/whole", get(|| async { "answer" }))
        .route(
            "/slow",
            get(|| async { sleep(Duration::from_secs(600)).await }),
        )
        .route("/large", get(|| async { vec![b'x'; LARGE] }))
        .route("/quiet", get(quiet))
        .route("/body", post(|body: String| async { body }))
        .route("/stream", get(ticks));
    let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let server = tokio::spawn({
        let stop = stop.clone();
        async move {
            let connections = Connections::new(
                app,
                BasePath::default(),
                8,
                AddressLimit::new(None, 8, Vec::new()),
            );
            connections.accept(listener, &stop).await;
            connections.finish_requests().await;
            connections.closed().await;
        }
    });
    Harness {
        client: client.await.unwrap(),
        stop,
        server,
    }
}

/// Reads until the server closes the connection. Returns the text and the time that took.
async fn read_to_close(client: &mut TcpStream) -> (String, Duration) {
    let (mut text, start) = (Vec::new(), Instant::now());
    // A connection that is reset is closed as well.
    let _ = client.read_to_end(&mut text).await;
    (String::from_utf8(text).unwrap(), start.elapsed())
}

fn is_in_time(took: Duration) -> bool {
    took <= 2 * IDLE_TIMEOUT + Duration::from_secs(1)
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let mut harness = harness().await;
    harness.client.write_all(REQUEST).await.unwrap();
    let (text, took) = read_to_close(&mut harness.client).await;
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(is_in_time(took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_head_sent_byte_by_byte_is_closed() {
    let harness = harness().await;
    let (mut reads, mut writes) = harness.client.into_split();
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
    let start = Instant::now();
    let mut text = String::new();
    let _ = reads.read_to_string(&mut text).await;
    assert_eq!(text, "");
    assert!(is_in_time(start.elapsed()), "{:?}", start.elapsed());
    dripping.abort();
}

#[tokio::test(start_paused = true)]
async fn slow_requests_and_streams_are_not_closed() {
    for path in ["/slow", "/stream", "/quiet"] {
        let mut harness = harness().await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        harness.client.write_all(request.as_bytes()).await.unwrap();
        let (text, took) = read_to_close(&mut harness.client).await;
        assert!(text.starts_with("HTTP/1.1 200"), "{path}: {text}");
        assert!(took >= Duration::from_secs(590), "{path}: {took:?}");
        if path != "/slow" {
            assert!(text.ends_with("0\r\n\r\n"), "the stream was cut: {text}");
        }
    }
}

/// A client that ends its side after its request still gets the answer.
#[tokio::test(start_paused = true)]
async fn half_closed_requests_are_answered() {
    for path in ["/whole", "/slow", "/large"] {
        let mut harness = harness().await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        harness.client.write_all(request.as_bytes()).await.unwrap();
        harness.client.shutdown().await.unwrap();
        let (text, took) = read_to_close(&mut harness.client).await;
        assert!(text.starts_with("HTTP/1.1 200"), "{path}: {text}");
        assert!(
            path != "/large" || text.len() > LARGE,
            "{path}: {}",
            text.len()
        );
        let seconds = if path == "/slow" { 600 } else { 0 };
        assert!(took < Duration::from_secs(seconds + 5), "{path}: {took:?}");
    }
}

/// The end of a stream's client is seen at once, and so is that of half a request.
#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_is_seen() {
    for request in [
        "GET /stream HTTP/1.1\r\nhost: x\r\n\r\n",
        "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc",
        "GET /whole HTTP/1.1\r\nhost: x\r\n",
    ] {
        let mut harness = harness().await;
        harness.client.write_all(request.as_bytes()).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        harness.client.shutdown().await.unwrap();
        let (_, took) = read_to_close(&mut harness.client).await;
        assert!(took < Duration::from_secs(5), "{request}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopping_server_answers_requests_in_progress() {
    let mut harness = harness().await;
    let request = b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n";
    harness.client.write_all(request).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    harness.stop.cancel();
    let (text, _) = read_to_close(&mut harness.client).await;
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains("connection: close"), "{text}");
    harness.server.await.unwrap();
}

/// Requests the large response and waits until the server can send no more of it.
async fn request_large(client: &mut TcpStream) {
    let request = b"GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    client.write_all(request).await.unwrap();
    client.readable().await.unwrap();
}

/// Waits until the connection is reset: the unread bytes are lost.
async fn wait_for_reset(client: &TcpStream) {
    let closed = client.ready(tokio::io::Interest::ERROR);
    let closed = timeout(IDLE_TIMEOUT, closed).await.unwrap();
    assert!(closed.unwrap().is_error());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_accepts_nothing_is_closed_after_20_s() {
    // Right after a check, in the middle, and right before the next.
    for begin in [0, 10, 1_000, 1_900] {
        let mut harness = harness().await;
        sleep(Duration::from_millis(begin)).await;
        request_large(&mut harness.client).await;
        let start = Instant::now();
        wait_for_reset(&harness.client).await;
        let took = start.elapsed();
        // The paused clock advances while the kernel copies, so the limits have a margin.
        let (least, most) = (Duration::from_secs(20), Duration::from_secs(24));
        assert!((least..=most).contains(&took), "{begin}: {took:?}");
    }
}

/// A WebSocket whose client is too slow is dropped before the connection is stalled.
#[tokio::test(start_paused = true)]
async fn a_connection_dropped_while_a_write_waits_is_reset() {
    let mut harness = harness().await;
    let request = b"GET /upgrade HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    harness.client.write_all(request).await.unwrap();
    let start = Instant::now();
    wait_for_reset(&harness.client).await;
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_not_closed() {
    let mut harness = harness().await;
    request_large(&mut harness.client).await;
    let (start, mut received) = (Instant::now(), 0);
    let mut piece = vec![0; 1 << 20];
    loop {
        // Longer than an idle connection lives, in all.
        sleep(Duration::from_secs(15)).await;
        let length = harness.client.read(&mut piece).await.unwrap();
        if length == 0 {
            break;
        }
        received += length;
    }
    assert!(received > LARGE, "{received}");
    assert!(start.elapsed() > 3 * IDLE_TIMEOUT, "{:?}", start.elapsed());
}
