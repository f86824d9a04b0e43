use votify_test_support::browser::run;

use crate::program::Server;

/// A port that nobody listens on.
async fn free_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn frames_are_as_high_as_their_polls() {
    let directory = tempfile::tempdir().unwrap();
    let port = free_port().await.to_string();
    let host = format!("http://127.0.0.1:{port}");
    let server = Server::start(directory.path(), &["--frame-ancestors", &host]).await;
    run("embed", &[&server.url(""), &port]).await;
    server.stop().await;
}
