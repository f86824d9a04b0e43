use std::time::Duration;

use axum::http::Method;
use serde_json::json;
use votify_axum::StreamTiming;

use crate::app::App;
use crate::browser::Browser;
use crate::server::Server;
use crate::stream_clients::EventStream;

#[tokio::test]
async fn events_contain_the_same_messages_as_sockets() {
    let server = Server::start(App::new()).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.create_poll(json!({})).await;
    let mut events =
        EventStream::open(&server, &Server::stream_path(&poll, "?events=votes"), &[]).await;
    assert_eq!(events.status, 200);
    for header in [
        "content-type: text/event-stream\r\n",
        "cache-control: private, no-cache\r\n",
        "x-accel-buffering: no\r\n",
        "vary: cookie\r\n",
    ] {
        assert!(events.headers.contains(header), "{}", events.headers);
    }
    let first = events.next().await.unwrap();
    assert_eq!(
        (first.name.as_str(), first.id.as_str()),
        ("poll_updated", "1-0")
    );
    assert_eq!(first.data["total_votes"], 0);
    assert!(
        events
            .skipped
            .iter()
            .any(|line| line.starts_with("retry: ")),
        "{:?}",
        events.skipped
    );
    owner.vote(&poll, 1).await.expect_status(201);
    let update = events.next_of("poll_updated").await;
    let vote = events.next_of("vote_submitted").await;
    assert_eq!((update.id.as_str(), vote.id.as_str()), ("1-1", "1-1"));
    assert_eq!(vote.data["new_count"], 1);
    owner
        .post(&poll.path("/close"), json!({}))
        .await
        .expect_status(200);
    assert_eq!(events.next_of("poll_closed").await.data["final"], true);
    owner
        .call(Method::DELETE, &poll.path(""), None)
        .await
        .expect_status(204);
    events.next_of("poll_deleted").await;
    assert_eq!(
        events.next().await,
        None,
        "the stream of a deleted poll ends"
    );
    let gone = EventStream::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    assert_eq!(gone.status, 404);
    assert!(gone.rest().await.contains("poll_not_found"));
}

#[tokio::test]
async fn a_stream_resumes_from_the_last_event_id() {
    let server = Server::start(App::unlimited()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    for _ in 0..3 {
        Browser::new(&server.app)
            .vote(&poll, 0)
            .await
            .expect_status(201);
    }
    for (header, query) in [
        ("1-2", ""),
        ("1-3", "?after=1-1"),
        ("nonsense", ""),
        ("1-99", ""),
    ] {
        let path = Server::stream_path(&poll, query);
        let mut events = EventStream::open(&server, &path, &[("last-event-id", header)]).await;
        assert_eq!(events.next().await.unwrap().id, "1-3", "{header}");
    }
}

#[tokio::test]
async fn comments_are_sent_and_shutdown_ends_the_stream_with_a_reason() {
    let timing = StreamTiming {
        comment_interval: Duration::from_millis(50),
        ..StreamTiming::default()
    };
    let server = Server::start(App::with(|router| router.stream_timing(timing))).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.create_poll(json!({})).await;
    let mut events = EventStream::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    events.next().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    owner.vote(&poll, 0).await.expect_status(201);
    while events.next_of("poll_updated").await.data["revision"] != 1 {}
    assert!(
        events
            .skipped
            .iter()
            .filter(|line| line.as_str() == ":\n")
            .count()
            >= 2,
        "{:?}",
        events.skipped
    );
    server.app.engine.shutdown().await;
    assert!(
        events
            .rest()
            .await
            .ends_with(": the server is shutting down\n\n")
    );
}
