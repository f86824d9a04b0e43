//! Clients that send requests and read no response.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::api::Api;
use crate::program::Server;

const READERS: usize = 60;
const POLLS: usize = 16;
const MIB: u64 = 1 << 20;

/// Starts a server with a small limit for all addresses, behind a trusted proxy, so that
/// every reader has its own address.
async fn start() -> (tempfile::TempDir, Server) {
    let directory = tempfile::tempdir().unwrap();
    let arguments = [
        ["--store", "memory:"],
        ["--trusted-proxies", "127.0.0.1/32"],
        ["--response-memory", "8MiB"],
    ];
    let server = Server::start(directory.path(), arguments.as_flattened()).await;
    (directory, server)
}

/// Creates polls with about 60 KB of options each.
async fn create_large_polls(server: &Server) {
    let api = Api::new(server);
    for number in 0..POLLS {
        let options: Vec<String> = (100..200)
            .map(|n| format!("{n} {}", "😀".repeat(140)))
            .collect();
        let title = format!("Lunch {number}?");
        api.create_poll_with(json!({"title": title, "options": options}))
            .await;
    }
}

/// Sends a request and returns the status of the response, whose body stays unread.
async fn read_status(server: &Server, reader: usize, path: &str) -> (u16, TcpStream) {
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 192.0.2.{}\r\n\r\n",
        reader % 250
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    connection.read_exact(&mut start).await.unwrap();
    let status = str::from_utf8(&start[9..]).unwrap().parse().unwrap();
    (status, connection)
}

/// Returns a metric.
async fn metric(server: &Server, name: &str) -> u64 {
    let response = reqwest::get(server.url("/metrics")).await.unwrap();
    let text = response.text().await.unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

/// Returns the resident memory of the server in bytes.
#[cfg(target_os = "linux")]
fn resident(server: &Server) -> u64 {
    let pid = server.pid().as_raw_nonzero();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn unread_lists_hold_bounded_memory() {
    let (_directory, server) = start().await;
    create_large_polls(&server).await;
    // Second pages are not shared: each response was rendered for its own request.
    let path = "/api/polls?include=options&limit=1";
    let first: Value = reqwest::get(server.url(path))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let next = first["pagination"]["next"].as_str().unwrap();
    let path = format!("/api/polls?include=options&after={next}");
    let before = resident(&server);
    let mut connections = Vec::new();
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    for reader in 0..READERS {
        let (status, connection) = read_status(&server, reader, &path).await;
        *statuses.entry(status).or_default() += 1;
        connections.push(connection);
    }
    let held = metric(&server, "votify_response_bytes").await;
    let grown = resident(&server).saturating_sub(before);
    eprintln!("{statuses:?}, {held} bytes counted, {grown} bytes more in memory");
    assert!(statuses[&200] > 5 && statuses[&503] > 40, "{statuses:?}");
    assert!(held > 6 * MIB && held <= 8 * MIB, "{held}");
    // The responses have 57 MB in all. Beside the limit: the shared pages, the
    // connections and what the allocator keeps.
    assert!(grown < 40 * MIB, "{grown}");
    // Votes count, and small responses are sent.
    let api = Api::new(&server);
    let poll = api.create_poll().await;
    assert_eq!(api.vote(&poll, 0).await.0, 201);
    drop(connections);
    let released = async {
        while metric(&server, "votify_response_bytes").await > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), released).await.unwrap();
    server.stop().await;
}

/// In real time, unlike the tests of the module: 20 s until unread connections are
/// closed.
#[tokio::test(flavor = "multi_thread")]
async fn endurance_unread_connections_are_closed_and_slow_ones_are_not() {
    let (_directory, server) = start().await;
    create_large_polls(&server).await;
    let path = "/api/polls?include=options";
    let mut unread = Vec::new();
    for reader in 0..8 {
        unread.push(read_status(&server, reader, path).await);
    }
    let (status, mut slow) = read_status(&server, 100, path).await;
    assert_eq!(status, 200);
    let mut received = 0;
    let mut piece = [0; 8 * 1024];
    for _ in 0..40 {
        sleep(Duration::from_secs(1)).await;
        let length = slow.read(&mut piece).await.unwrap();
        assert!(length > 0, "closed after {received} bytes");
        received += length;
    }
    for (_, mut connection) in unread {
        // The reset discards what the kernel has received.
        let mut all = Vec::new();
        let end = connection.read_to_end(&mut all).await;
        assert!(end.is_err(), "{} bytes", all.len());
    }
    let mut rest = Vec::new();
    let rest = async {
        while !rest.ends_with(b"}}") {
            slow.read_buf(&mut rest).await.unwrap();
        }
        rest.len()
    };
    received += timeout(Duration::from_secs(20), rest).await.unwrap();
    assert!(received > 900_000, "{received}");
    server.stop().await;
}
