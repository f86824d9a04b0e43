use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;

use crate::browser::Browser;
use crate::raw_client::RawClient;
use crate::response_memory::{app, counted, create_large_poll, unread};
use crate::server::{Server, TIMEOUT};

/// hyper drops the body after its last frame, and holds the frame until it is sent.
#[tokio::test]
async fn bytes_count_until_they_are_dropped() {
    let app = app(64, 8);
    let mut owner = Browser::new(&app);
    let poll = create_large_poll(&mut owner).await;
    for _ in 0..3 {
        create_large_poll(&mut owner).await;
    }
    for path in [poll.path(""), "/api/polls?include=options".to_owned()] {
        let mut body: Body = unread(&app, "192.0.2.1", &path).await.into_body();
        let mut frames = Vec::new();
        while let Some(frame) = body.frame().await {
            frames.push(frame.unwrap().into_data().unwrap());
        }
        drop(body);
        assert!(counted(&app).await > 20_000, "{path}");
        let piece = frames
            .iter()
            .map(|frame| frame.slice(..1))
            .collect::<Vec<_>>();
        drop(frames);
        assert!(
            counted(&app).await > 20_000,
            "{path}: a part holds the whole"
        );
        drop(piece);
        assert_eq!(counted(&app).await, 0, "{path}");
    }
}

#[tokio::test]
async fn a_disconnect_releases_the_bytes() {
    let app = app(64, 8);
    let mut owner = Browser::new(&app);
    for _ in 0..40 {
        create_large_poll(&mut owner).await;
    }
    let server = Server::start(app).await;
    let path = "/api/polls?include=options&page=2&limit=20";
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = RawClient::connect(&server).await;
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
        client.write(head.as_bytes()).await;
        assert_eq!(client.status().await, 200);
        clients.push(client);
    }
    let before = counted(&server.app).await;
    drop(clients);
    let waiting = async {
        while counted(&server.app).await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, waiting).await.unwrap();
    // What the kernel's buffers hold is sent: with large buffers, everything.
    eprintln!("{before} bytes were waiting");
}
