//! Refusals that come before the body of the request has arrived. The client receives the
//! answer, although it goes on sending.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::app::App;
use crate::browser::Browser;
use crate::raw_client::RawClient;
use crate::server::{Server, TIMEOUT};

const MIB: usize = 1024 * 1024;

/// The head of a request whose body is JSON, without its end.
fn head(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n")
}

/// A body with its framing header.
fn framed(head: &str, size: usize, is_chunked: bool) -> Vec<u8> {
    let body = vec![b' '; size];
    if !is_chunked {
        let end = format!("content-length: {size}\r\n\r\n");
        return [head.as_bytes(), end.as_bytes(), &body].concat();
    }
    let mut all = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for piece in body.chunks(64 * 1024) {
        all.extend(format!("{:x}\r\n", piece.len()).bytes());
        all.extend(piece);
        all.extend(b"\r\n");
    }
    all.extend(b"0\r\n\r\n");
    all
}

/// Takes bodies of at most 64 KiB.
const VOTE: &str = "/api/polls/0190b6e2-0000-7000-8000-000000000000/vote";

/// Writes the whole request before it reads, as simple clients do.
async fn assert_refused(server: &Server, request: &[u8], status: u16, code: &str) {
    let (found, response) = RawClient::exchange(server, request).await;
    assert_eq!(found, status, "{response}");
    assert!(response.contains(&format!("\"{code}\"")), "{response}");
    let lower = response.to_lowercase();
    assert!(lower.contains("connection: close\r\n"), "{response}");
}

async fn server() -> Server {
    Server::start(App::with(|router| router.allowed_hosts([]).fallback(true))).await
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_413() {
    let server = server().await;
    let (vote, poll) = (head("POST", VOTE), head("POST", "/api/polls"));
    for (head, size) in [
        (&vote, 64 * 1024 + 1),
        (&vote, MIB),
        (&poll, 2 * MIB),
        (&poll, 8 * MIB),
        (&poll, 100 * MIB),
    ] {
        for is_chunked in [false, true] {
            let request = framed(head, size, is_chunked);
            assert_refused(&server, &request, 413, "body_too_large").await;
        }
    }
}

#[tokio::test]
async fn every_early_refusal_reaches_a_client_that_still_sends() {
    let server = server().await;
    let poll = "/api/polls/0190b6e2-0000-7000-8000-000000000000";
    let foreign = head("POST", "/api/polls").replace("localhost", "evil.example");
    let repeated = head("POST", "/api/polls").replace("host:", "host: localhost\r\nhost:");
    let of_page = format!(
        "{}origin: http://evil.example\r\n",
        head("POST", "/api/polls")
    );
    let text = head("POST", "/api/polls").replace("application/json", "text/plain");
    for (head, status, code) in [
        (foreign, 421, "host_not_allowed"),
        (repeated, 400, "malformed_host"),
        (of_page, 403, "origin_not_allowed"),
        (text, 415, "unsupported_media_type"),
        (head("PUT", "/api/polls"), 405, "method_not_allowed"),
        (head("POST", "/nonsense"), 404, "not_found"),
        (head("POST", "/api/polls/7/vote"), 400, "malformed_id"),
        (head("GET", poll), 404, "poll_not_found"),
        (
            head("POST", &format!("{poll}/close")),
            404,
            "poll_not_found",
        ),
    ] {
        for is_chunked in [false, true] {
            let request = framed(&head, 8 * MIB, is_chunked);
            assert_refused(&server, &request, status, code).await;
        }
    }
}

#[tokio::test]
async fn a_refused_rate_reaches_a_client_that_still_sends() {
    let rate = votify_core::Rate::per_minute(1);
    let server = Server::start(App::with(|router| router.session_rate(rate))).await;
    Browser::with_address(&server.app, "127.0.0.1")
        .create_poll(json!({}))
        .await;
    // A valid poll, so that only the rate of new sessions refuses it.
    let body = r#"{"title": "t", "options": ["a", "b"]}"#;
    let head = format!(
        "{}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        head("POST", "/api/polls"),
        body.len()
    );
    let (status, response) = RawClient::exchange(&server, head.as_bytes()).await;
    assert_eq!(status, 429, "{response}");
}

/// A client that waits for `100 Continue` sends no body that would be refused.
#[tokio::test]
async fn a_refused_body_is_not_asked_for() {
    let server = server().await;
    let head = head("POST", "/api/polls");
    let foreign = head.replace("localhost", "evil.example");
    for (head, size, expected) in [
        (&self::head("POST", VOTE), 64 * 1024 + 1, 413),
        (&head, 8 * MIB, 413),
        (&foreign, 37, 421),
        (&head, 37, 100),
    ] {
        let mut client = RawClient::connect(&server).await;
        let request = format!("{head}expect: 100-continue\r\ncontent-length: {size}\r\n\r\n");
        client.write(request.as_bytes()).await;
        assert_eq!(client.status().await, expected, "{size}");
        if expected == 100 {
            client
                .write(br#"{"title": "t", "options": ["a", "b"]}"#)
                .await;
            assert_eq!(client.status().await, 201);
        } else {
            let mut rest = Vec::new();
            timeout(TIMEOUT, client.0.read_to_end(&mut rest))
                .await
                .unwrap()
                .unwrap();
        }
    }
}

/// A client that sends without end is cut off, and so is one that sends nothing.
#[tokio::test]
async fn the_rest_of_a_body_is_awaited_within_bounds() {
    let server = server().await;
    for is_endless in [false, true] {
        let mut client = RawClient::connect(&server).await;
        let request = format!(
            "{}content-length: 10000000000\r\n\r\n",
            head("POST", "/api/polls")
        );
        client.write(request.as_bytes()).await;
        let start = Instant::now();
        assert_eq!(client.status().await, 413);
        assert!(start.elapsed() < Duration::from_secs(1));
        let ended = async {
            let piece = vec![b' '; 16 * 1024];
            let mut read = [0; 1024];
            loop {
                if is_endless && client.0.write_all(&piece).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
                match client.0.try_read(&mut read) {
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
            }
        };
        timeout(Duration::from_secs(10), ended).await.unwrap();
    }
}

#[tokio::test]
async fn a_small_refused_body_leaves_the_connection_open() {
    let server = server().await;
    let mut client = RawClient::connect(&server).await;
    let head = head("PUT", "/api/polls");
    for _ in 0..3 {
        client.write(&framed(&head, 100, false)).await;
        assert_eq!(client.status().await, 405);
        // The body of the answer.
        let mut body = Vec::new();
        while !body.ends_with(b"}") {
            body.push(timeout(TIMEOUT, client.0.read_u8()).await.unwrap().unwrap());
        }
    }
}
