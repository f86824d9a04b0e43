use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::api::Api;
use crate::program::{SERVE, Server, votify_after};

/// Connections that 160 file descriptors allow: the server reserves 128.
const MAX_CONNECTIONS: usize = 32;

async fn send_request(connection: &mut TcpStream) {
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    connection.write_all(request).await.unwrap();
}

async fn read_response(connection: &mut TcpStream) -> String {
    let mut read = vec![0; 4096];
    let length = connection.read(&mut read).await.unwrap();
    String::from_utf8(read[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn connections_beyond_the_file_limit_wait() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::spawn(votify_after("ulimit -n 160", directory.path(), &SERVE)).await;
    let mut open = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        let mut connection = TcpStream::connect(server.address()).await.unwrap();
        send_request(&mut connection).await;
        assert!(
            read_response(&mut connection)
                .await
                .starts_with("HTTP/1.1 200")
        );
        open.push(connection);
    }
    let mut further = TcpStream::connect(server.address()).await.unwrap();
    send_request(&mut further).await;
    let waiting = timeout(Duration::from_millis(300), read_response(&mut further)).await;
    assert!(waiting.is_err(), "{waiting:?}");
    drop(open.pop());
    assert!(
        read_response(&mut further)
            .await
            .starts_with("HTTP/1.1 200")
    );
    server.stop().await;
}

#[tokio::test]
async fn oversized_request_heads_are_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &["--store", "memory:"]).await;
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(16 * 1024));
    connection.write_all(head.as_bytes()).await.unwrap();
    assert!(
        read_response(&mut connection)
            .await
            .starts_with("HTTP/1.1 431")
    );
    server.stop().await;
}

/// Clients that write their whole request before they read receive the answer.
#[tokio::test]
async fn refusals_reach_clients_that_still_send() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &["--store", "memory:"]).await;
    let long_head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1024 * 1024));
    let body = "x".repeat(8 * 1024 * 1024);
    let head = "POST /api/polls HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let large = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    // The body breaks off after its first chunk, which is no chunk.
    let broken = format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n{body}");
    let foreign = large.replacen("localhost", "evil.example", 1);
    for (request, status) in [
        (long_head, 431),
        (large, 413),
        (broken, 400),
        (foreign, 421),
    ] {
        let mut connection = TcpStream::connect(server.address()).await.unwrap();
        let exchange = async {
            connection.write_all(request.as_bytes()).await.unwrap();
            let mut response = String::new();
            connection.read_to_string(&mut response).await.unwrap();
            response
        };
        let response = timeout(Duration::from_secs(10), exchange).await.unwrap();
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{response}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn votes_of_half_closed_connections_count() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &["--limits", "off"]).await;
    let api = Api::without_cookies(&server);
    let poll = api.create_poll().await;
    for _ in 0..20 {
        let mut connection = TcpStream::connect(server.address()).await.unwrap();
        let body = format!(r#"{{"option_id": "{}"}}"#, poll.options[0]);
        let request = format!(
            "POST /api/polls/{}/vote HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            poll.id,
            body.len()
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        let mut response = String::new();
        let read = connection.read_to_string(&mut response);
        timeout(Duration::from_secs(10), read)
            .await
            .unwrap()
            .unwrap();
        assert!(response.starts_with("HTTP/1.1 201 "), "{response}");
    }
    assert_eq!(api.counts(&poll).await, [20, 0]);
    server.stop().await;
}
