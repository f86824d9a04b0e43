//! The raw requests that a browser sends for a page of another origin.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use votify_axum::PublicUrl;
use votify_core::{MemoryStore, PollEngine};

const FRONT_END: &str = "https://www.example.org";
const EVIL: &str = "https://evil.example";

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    address
}

async fn start_api() -> SocketAddr {
    let engine = PollEngine::new(MemoryStore::new());
    let url = "https://polls.example.org".parse().unwrap();
    serve(votify_other_origin::api(
        engine,
        url,
        FRONT_END.parse().unwrap(),
    ))
    .await
}

/// The head and the body of a response.
struct Answer {
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Returns true if a browser lets a page of the front end read the response.
    fn is_readable(&self) -> bool {
        self.header("access-control-allow-origin") == Some(FRONT_END)
            && self.header("access-control-allow-credentials") == Some("true")
    }
}

async fn open(address: SocketAddr, line: &str, headers: &[&str], body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("{line} HTTP/1.1\r\nHost: polls.example.org\r\n");
    for header in headers {
        request.push_str(&format!("{header}\r\n"));
    }
    if !body.is_empty() {
        let length = body.len();
        request.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {length}\r\n"
        ));
    }
    request.push_str("Connection: close\r\n\r\n");
    request.push_str(body);
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn send(address: SocketAddr, line: &str, headers: &[&str], body: &str) -> Answer {
    let mut stream = open(address, line, headers, body).await;
    let mut text = String::new();
    let read = stream.read_to_string(&mut text);
    timeout(Duration::from_secs(20), read)
        .await
        .unwrap()
        .unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Answer {
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

fn origin(origin: &str) -> String {
    format!("Origin: {origin}")
}

/// Creates a poll from the front end, and returns its id and its first option.
async fn create(address: SocketAddr) -> (String, String) {
    let body = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"]}).to_string();
    let answer = send(address, "POST /api/polls", &[&origin(FRONT_END)], &body).await;
    assert_eq!(answer.status(), "201", "{}", answer.body);
    let poll = answer.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&poll["id"]), text(&poll["options"][0]["id"]))
}

#[tokio::test]
async fn preflights_are_answered_for_the_front_end_only() {
    let api = start_api().await;
    let asked = [
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: content-type",
    ];
    for (page, is_allowed) in [(FRONT_END, true), (EVIL, false)] {
        let page = origin(page);
        let headers = [asked[0], asked[1], &page];
        let answer = send(api, "OPTIONS /api/polls", &headers, "").await;
        assert_eq!(answer.is_readable(), is_allowed, "{}", answer.head);
    }
}

#[tokio::test]
async fn the_front_end_reads_watches_and_votes() {
    let api = start_api().await;
    let (poll, option) = create(api).await;
    let page = origin(FRONT_END);
    let path = format!("/api/polls/{poll}");

    let read = send(api, &format!("GET {path}"), &[&page], "").await;
    assert!(
        read.status() == "200" && read.is_readable(),
        "{}",
        read.head
    );
    let set = read.header("set-cookie").unwrap();
    let attributes = "; HttpOnly; SameSite=None; Partitioned; Secure; Path=/";
    assert!(set.contains(attributes), "{set}");
    let cookie = format!("Cookie: {}", set.split(';').next().unwrap());

    let headers = [page.as_str(), &cookie, "Accept: text/event-stream"];
    let mut stream = open(api, &format!("GET {path}/stream"), &headers, "").await;
    let mut received = String::new();
    while !received.contains("\"total_votes\":0") {
        read_more(&mut stream, &mut received).await;
    }
    let head = received.to_lowercase();
    assert!(head.contains("access-control-allow-origin: https://www.example.org\r\n"));
    // The cookie came back, so the session counts from now on.
    assert!(
        head.contains("set-cookie: __host-votify_session="),
        "{head}"
    );

    let ballot = json!({ "option_id": option }).to_string();
    let line = format!("POST {path}/vote");
    let voted = send(api, &line, &[&page, &cookie], &ballot).await;
    assert!(
        voted.status() == "201" && voted.is_readable(),
        "{}",
        voted.head
    );
    while !received.contains("\"total_votes\":1") {
        read_more(&mut stream, &mut received).await;
    }
    let again = send(api, &line, &[&page, &cookie], &ballot).await;
    assert!(
        again.status() == "409" && again.is_readable(),
        "{}",
        again.head
    );
    assert_eq!(again.json()["code"], "already_voted");
}

async fn read_more(stream: &mut TcpStream, received: &mut String) {
    let mut bytes = [0; 4_096];
    let read = timeout(Duration::from_secs(20), stream.read(&mut bytes));
    let length = read.await.unwrap().unwrap();
    assert_ne!(length, 0, "{received}");
    received.push_str(&String::from_utf8_lossy(&bytes[..length]));
}

#[tokio::test]
async fn other_pages_neither_read_nor_vote() {
    let api = start_api().await;
    let (poll, option) = create(api).await;
    let page = origin(EVIL);
    let read = send(api, &format!("GET /api/polls/{poll}"), &[&page], "").await;
    assert!(!read.is_readable(), "{}", read.head);
    let set = read.header("set-cookie").unwrap();
    assert!(set.contains("SameSite=Lax"), "{set}");
    let ballot = json!({ "option_id": option }).to_string();
    let line = format!("POST /api/polls/{poll}/vote");
    let refused = send(api, &line, &[&page], &ballot).await;
    assert!(refused.status() == "403" && !refused.is_readable());
    let body = refused.json();
    assert_eq!(body["code"], "origin_not_allowed");
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.contains(EVIL), "{detail}");
}

#[tokio::test]
async fn the_page_names_the_api() {
    let url: PublicUrl = "https://polls.example.org".parse().unwrap();
    let address = serve(votify_other_origin::front_end(&url)).await;
    let page = send(address, "GET /", &[], "").await;
    let expected = "<meta name=\"votify-api\" content=\"https://polls.example.org\">";
    assert!(page.body.contains(expected), "{}", page.body);
    let script = send(address, "GET /front-end.js", &[], "").await;
    let kind = script.header("content-type");
    assert_eq!(kind, Some("text/javascript; charset=utf-8"));
    for part in ["credentials: \"include\"", "withCredentials: true"] {
        assert!(script.body.contains(part), "{part}");
    }
}
