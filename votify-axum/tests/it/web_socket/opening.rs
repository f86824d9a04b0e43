//! The opening handshake (RFC 6455, 4.2).

use serde_json::json;

use crate::app::App;
use crate::browser::Browser;
use crate::raw_client::RawClient;
use crate::server::Server;

const UPGRADE: &str = "upgrade: websocket\r\n";
const CONNECTION: &str = "connection: upgrade\r\n";
const VERSION: &str = "sec-websocket-version: 13\r\n";
const KEY: &str = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Sends a request for a stream and returns the status and the head of the answer.
async fn open(server: &Server, line: &str, headers: &[&str]) -> (u16, String) {
    let mut client = RawClient::connect(server).await;
    let request = format!("{line}\r\nhost: localhost\r\n{}\r\n", headers.concat());
    client.write(request.as_bytes()).await;
    client.head().await
}

#[tokio::test]
async fn an_invalid_handshake_is_refused() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let path = Server::stream_path(&poll, "");
    let get = format!("GET {path} HTTP/1.1");
    for (name, headers, status) in [
        ("no key", &[UPGRADE, CONNECTION, VERSION][..], 400),
        (
            "empty key",
            &[UPGRADE, CONNECTION, VERSION, "sec-websocket-key: \r\n"],
            400,
        ),
        (
            "short key",
            &[UPGRADE, CONNECTION, VERSION, "sec-websocket-key: dGhl\r\n"],
            400,
        ),
        (
            "a key that is not base64",
            &[
                UPGRADE,
                CONNECTION,
                VERSION,
                "sec-websocket-key: dGhlIHNhbXBsZSBub25jZ!==\r\n",
            ],
            400,
        ),
        ("two keys", &[UPGRADE, CONNECTION, VERSION, KEY, KEY], 400),
        ("no connection header", &[UPGRADE, VERSION, KEY], 400),
        (
            "connection without upgrade",
            &[UPGRADE, "connection: keep-alive\r\n", VERSION, KEY],
            400,
        ),
        ("no version", &[UPGRADE, CONNECTION, KEY], 426),
        (
            "an old version",
            &[UPGRADE, CONNECTION, "sec-websocket-version: 8\r\n", KEY],
            426,
        ),
        (
            "a list of versions",
            &[UPGRADE, CONNECTION, "sec-websocket-version: 13, 8\r\n", KEY],
            426,
        ),
        (
            "two versions",
            &[UPGRADE, CONNECTION, VERSION, VERSION, KEY],
            426,
        ),
        ("only upgrade", &[UPGRADE, CONNECTION], 426),
    ] {
        let (found, head) = open(&server, &get, headers).await;
        assert_eq!(found, status, "{name}: {head}");
        assert!(
            head.contains("content-type: application/problem+json\r\n"),
            "{name}: {head}"
        );
        assert!(!head.contains("set-cookie"), "{name}: {head}");
        assert_eq!(
            head.contains("sec-websocket-version: 13\r\n"),
            status == 426,
            "{name}: {head}"
        );
        assert_eq!(
            head.contains("upgrade: websocket\r\n"),
            status == 426,
            "{name}: {head}"
        );
    }
    let all = [UPGRADE, CONNECTION, VERSION, KEY];
    let old = format!("GET {path} HTTP/1.0");
    assert_eq!(open(&server, &old, &all).await.0, 400);
    let only_head = format!("HEAD {path} HTTP/1.1");
    assert_eq!(open(&server, &only_head, &all).await.0, 400);
}

/// Read in process: an answer that is a stream would not end.
#[tokio::test]
async fn the_codes_of_an_invalid_handshake() {
    let app = App::new();
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({})).await;
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "8"),
    ];
    let path = poll.path("/stream");
    let get = axum::http::Method::GET;
    let response = browser.call_with(get.clone(), &path, None, &headers).await;
    let problem = response.assert_problem(426, "upgrade_required");
    assert!(
        problem["detail"].as_str().unwrap().contains("13"),
        "{problem}"
    );
    let response = browser.call_with(get, &path, None, &headers[1..2]).await;
    let problem = response.assert_problem(400, "malformed_request");
    assert!(
        problem["detail"].as_str().unwrap().contains("Connection"),
        "{problem}"
    );
}

#[tokio::test]
async fn every_spelling_of_a_valid_handshake_is_accepted() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let get = format!("GET {} HTTP/1.1", Server::stream_path(&poll, ""));
    for headers in [
        [UPGRADE, CONNECTION, VERSION, KEY],
        [UPGRADE, "connection: keep-alive, Upgrade\r\n", VERSION, KEY],
        [
            UPGRADE,
            "connection: keep-alive\r\nconnection: UPGRADE\r\n",
            VERSION,
            KEY,
        ],
        ["upgrade: WebSocket\r\n", CONNECTION, VERSION, KEY],
        ["upgrade: h2c, websocket\r\n", CONNECTION, VERSION, KEY],
        [
            "upgrade: h2c\r\nupgrade: websocket\r\n",
            CONNECTION,
            VERSION,
            KEY,
        ],
    ] {
        let (status, head) = open(&server, &get, &headers).await;
        assert_eq!(status, 101, "{headers:?} {head}");
    }
}

/// A proxy that does not know WebSockets removes `Upgrade` and `Connection`.
#[tokio::test]
async fn without_upgrade_the_stream_is_server_sent_events() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let get = format!("GET {} HTTP/1.1", Server::stream_path(&poll, ""));
    for headers in [
        &[VERSION, KEY][..],
        &[CONNECTION, VERSION, KEY],
        &["upgrade: h2c\r\n"],
        &[],
    ] {
        let (status, head) = open(&server, &get, headers).await;
        assert_eq!(status, 200, "{headers:?} {head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
    }
}
