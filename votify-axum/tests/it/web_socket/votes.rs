use serde_json::{Value, json};
use votify_core::Rate;

use crate::app::App;
use crate::browser::Browser;
use crate::invites;
use crate::server::Server;
use crate::stream_clients::Socket;

const BALLOT: &str = "0190b6e2-1111-4000-8000-00000000000a";

#[tokio::test]
async fn votes_over_the_stream_are_confirmed_or_rejected() {
    let server = Server::start(App::new()).await;
    let mut browser = Browser::new(&server.app);
    let poll = browser.create_poll(json!({})).await;
    let cookie = [("cookie", browser.cookie.as_deref().unwrap())];
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &cookie).await;
    let vote = json!({"type": "vote", "request_id": "a", "option_id": poll.options[0], "ballot_id": BALLOT});
    socket.send(vote.clone()).await;
    let confirmed = socket.next_of("vote_confirmed").await;
    let expected = json!({
        "type": "vote_confirmed", "request_id": "a", "success": true, "ballot_id": BALLOT,
        "new_counts": confirmed["new_counts"], "total_votes": 1, "epoch": 1, "revision": 1,
    });
    assert_eq!(confirmed, expected);
    assert_eq!(
        confirmed["new_counts"][0],
        json!({"id": poll.options[0], "count": 1})
    );
    socket.send(vote).await;
    socket.next_of("vote_confirmed").await;
    socket
        .send(json!({"type": "vote", "request_id": "b", "option_id": poll.options[1]}))
        .await;
    let rejected = socket.next_of("vote_rejected").await;
    assert_eq!(
        (
            &rejected["request_id"],
            &rejected["code"],
            &rejected["status"]
        ),
        (&json!("b"), &json!("already_voted"), &json!(409))
    );
    socket
        .send(json!({"type": "vote", "request_id": "c", "option": 1}))
        .await;
    let rejected = socket.next_of("vote_rejected").await;
    assert_eq!(
        (
            &rejected["code"],
            rejected["errors"].as_array().unwrap().len()
        ),
        (&json!("invalid_ballot"), 2)
    );
    browser
        .vote(&poll, 1)
        .await
        .assert_problem(409, "already_voted");
    assert_eq!(server.app.total(&poll.id).await, 1);
}

#[tokio::test]
async fn no_older_update_follows_a_confirmed_vote() {
    let server = Server::start(App::unlimited()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await);
    }
    for socket in &mut sockets {
        socket
            .send(json!({"type": "vote", "option_id": poll.options[0]}))
            .await;
    }
    for socket in &mut sockets {
        let confirmed = socket.next_of("vote_confirmed").await;
        let mut revision = confirmed["revision"].as_u64().unwrap();
        while revision < 20 {
            let next = socket.next_of("poll_updated").await["revision"]
                .as_u64()
                .unwrap();
            assert!(next >= revision, "{next} after {revision}");
            revision = next;
        }
    }
}

#[tokio::test]
async fn votes_over_the_stream_are_rate_limited() {
    let server = Server::start(App::with(|router| {
        router.vote_rate(Some(Rate::per_minute(3)))
    }))
    .await;
    let poll = Browser::with_address(&server.app, "198.51.100.1")
        .create_poll(json!({"revote": true}))
        .await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    for n in 0..3 {
        socket
            .send(json!({"type": "vote", "option_id": poll.options[n]}))
            .await;
        assert_eq!(
            socket.next_of("vote_confirmed").await["total_votes"],
            1,
            "one stream is one voter"
        );
    }
    socket
        .send(json!({"type": "vote", "option_id": poll.options[0]}))
        .await;
    assert_eq!(
        socket.next_of("vote_rejected").await["code"],
        "rate_limited"
    );
    let mut other = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    other
        .send(json!({"type": "vote", "option_id": poll.options[0]}))
        .await;
    assert_eq!(
        other.next_of("vote_rejected").await["code"],
        "rate_limited",
        "the address has exceeded the rate"
    );
}

#[tokio::test]
async fn revisions_on_a_socket_never_decrease() {
    let server = Server::start(App::unlimited()).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.create_poll(json!({"revote": true})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    let (app, target) = (server.app.clone(), poll.clone());
    let others = tokio::spawn(async move {
        for n in 0..30 {
            Browser::new(&app).vote(&target, 0).await.expect_status(201);
            let body = Some(json!({"title": format!("Title {n}")}));
            let patch = axum::http::Method::PATCH;
            owner
                .call(patch, &target.path(""), body)
                .await
                .expect_status(200);
        }
    });
    for n in 0..30 {
        socket
            .send(json!({"type": "vote", "option_id": poll.options[n % 3]}))
            .await;
        socket.send(json!({"type": "refresh"})).await;
    }
    others.await.unwrap();
    let (mut revision, mut confirmed, mut title) = (0, 0, Value::Null);
    while confirmed < 30 || title != "Title 29" {
        let message = socket.next().await;
        confirmed += usize::from(message["type"] == "vote_confirmed");
        if message["type"] == "poll_changed" {
            title = message["poll"]["title"].clone();
        }
        let next = message["revision"].as_u64();
        let next = next
            .or_else(|| message["poll"]["revision"].as_u64())
            .unwrap();
        assert!(next >= revision, "{message} after {revision}");
        revision = next;
    }
}

#[tokio::test]
async fn an_invite_code_in_the_handshake_identifies_the_voter() {
    let server = Server::start(invites::app(|router| router)).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner
        .create_poll(json!({"voters": "invite", "results": "after_vote"}))
        .await;
    let codes = invites::codes(&mut owner, &poll, 2).await;
    let vote = json!({"type": "vote", "option_id": poll.options[1]});
    let open = async |query: &str| {
        let path = Server::stream_path(&poll, query);
        Socket::open(&server, &path, &[]).await
    };
    for without in ["", "?invite=0W3G-E1R7-0W3G-E1R7", "?invite=x"] {
        let mut socket = open(without).await;
        socket.send(vote.clone()).await;
        let rejected = socket.next_of("vote_rejected").await;
        assert_eq!(rejected["code"], "invite_invalid");
    }
    let mut socket = open(&format!("?invite={}", codes[0])).await;
    assert!(socket.next().await["total_votes"].is_null());
    socket.send(vote.clone()).await;
    socket.next_of("vote_confirmed").await;
    // From now on this stream and later streams with the same code contain counts, and no
    // others.
    socket
        .next_where(|message| message["type"] == "poll_updated" && message["total_votes"] == 1)
        .await;
    socket.send(vote.clone()).await;
    assert_eq!(
        socket.next_of("vote_rejected").await["code"],
        "already_voted"
    );
    let mut later = open(&format!("?invite={}", codes[0])).await;
    assert_eq!(later.next().await["total_votes"], 1);
    let mut other = open(&format!("?invite={}", codes[1])).await;
    assert!(other.next().await["total_votes"].is_null());
}
