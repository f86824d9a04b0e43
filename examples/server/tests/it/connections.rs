use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::program::{SERVE, Server, votify_after};

/// With 160 files, of which the server keeps 128 for itself.
const MOST: usize = 32;

async fn ask(connection: &mut TcpStream) {
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    connection.write_all(request).await.unwrap();
}

async fn answer(connection: &mut TcpStream) -> String {
    let mut read = vec![0; 4096];
    let length = connection.read(&mut read).await.unwrap();
    String::from_utf8(read[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn more_clients_than_files_wait_for_their_turn() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::spawn(votify_after("ulimit -n 160", directory.path(), &SERVE)).await;
    let mut open = Vec::new();
    for _ in 0..MOST {
        let mut connection = TcpStream::connect(server.address()).await.unwrap();
        ask(&mut connection).await;
        assert!(answer(&mut connection).await.starts_with("HTTP/1.1 200"));
        open.push(connection);
    }
    let mut further = TcpStream::connect(server.address()).await.unwrap();
    ask(&mut further).await;
    let waiting = timeout(Duration::from_millis(300), answer(&mut further)).await;
    assert!(waiting.is_err(), "{waiting:?}");
    drop(open.pop());
    assert!(answer(&mut further).await.starts_with("HTTP/1.1 200"));
    server.stop().await;
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &["--store", "memory:"]).await;
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(16 * 1024));
    connection.write_all(head.as_bytes()).await.unwrap();
    assert!(answer(&mut connection).await.starts_with("HTTP/1.1 431"));
    server.stop().await;
}
