use serde_json::json;
use votify_core::Rate;

use crate::app::App;
use crate::browser::Browser;
use crate::server::Server;
use crate::stream_clients::Socket;

const BALLOT: &str = "0190b6e2-1111-4000-8000-00000000000a";

#[tokio::test]
async fn foreign_origins_get_no_stream() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let path = Server::stream_path(&poll, "");
    let (status, body) = Socket::try_open(&server, &path, &[("origin", "https://evil.test")])
        .await
        .unwrap_err();
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (403, &json!("origin_not_allowed"))
    );
    let own = format!("http://{}", server.address);
    Socket::open(&server, &path, &[("origin", &own)])
        .await
        .next()
        .await;
}

#[tokio::test]
async fn votes_over_a_socket_use_the_handshake_session() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let path = Server::stream_path(&poll, "");
    let (mut socket, cookie) = Socket::open_for_cookie(&server, &path).await;
    let mut browser = Browser::new(&server.app);
    browser.cookie = cookie;
    assert!(browser.cookie.is_some());
    socket
        .send(json!({"type": "vote", "option_id": poll.options[0], "ballot_id": BALLOT}))
        .await;
    socket.next_of("vote_confirmed").await;
    let own = browser
        .get(&poll.path("/vote"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(own["ballot_id"], BALLOT);
    browser
        .vote(&poll, 1)
        .await
        .assert_problem(409, "already_voted");
}

#[tokio::test]
async fn a_socket_without_session_can_watch_but_not_vote() {
    let server = Server::start(App::with(|router| {
        router.session_rate(Some(Rate::per_minute(1)))
    }))
    .await;
    let poll = Browser::with_address(&server.app, "198.51.100.1")
        .create_poll(json!({}))
        .await;
    let path = Server::stream_path(&poll, "");
    let (_first, cookie) = Socket::open_for_cookie(&server, &path).await;
    assert!(cookie.is_some());
    let (mut second, cookie) = Socket::open_for_cookie(&server, &path).await;
    assert_eq!(cookie, None);
    second.next_of("poll_updated").await;
    second
        .send(json!({"type": "vote", "option_id": poll.options[0]}))
        .await;
    let rejected = second.next_of("vote_rejected").await;
    assert_eq!(rejected["code"], "rate_limited");
    assert!(
        rejected["retry_after"]
            .as_u64()
            .is_some_and(|wait| wait > 0)
    );
    assert_eq!(server.app.total(&poll.id).await, 0);
}
