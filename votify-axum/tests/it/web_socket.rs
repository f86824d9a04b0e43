use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use votify_axum::StreamTiming;
use votify_core::Quota;

use crate::app::App;
use crate::browser::Browser;
use crate::live::Socket;
use crate::server::Server;

const BALLOT: &str = "0190b6e2-1111-4000-8000-00000000000a";

#[tokio::test]
async fn the_state_comes_first_and_then_every_change() {
    let server = Server::start(App::new()).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.make(json!({})).await;
    owner.vote(&poll, 0).await.ok(201);
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    let first = socket.next().await;
    let options: Vec<Value> = (0..3)
        .map(|n| json!({"id": poll.options[n], "count": u8::from(n == 0)}))
        .collect();
    let viewers = first["viewers"].clone();
    let expected = json!({
        "type": "poll_updated", "poll_id": poll.id, "options": options, "total_votes": 1, "epoch": 1, "revision": 1,
        "viewers": viewers,
    });
    assert_eq!(first, expected);
    Browser::new(&server.app).vote(&poll, 1).await.ok(201);
    let update = socket.next_where(|message| message["revision"] == 2).await;
    assert_eq!(
        (&update["type"], &update["options"][1]["count"]),
        (&json!("poll_updated"), &json!(1))
    );
    let title = Some(json!({"title": "Dinner?"}));
    owner
        .call(axum::http::Method::PATCH, &poll.at(""), title)
        .await
        .ok(200);
    let changed = socket.next_of("poll_changed").await;
    assert_eq!(
        (&changed["poll_id"], &changed["poll"]["title"]),
        (&json!(poll.id), &json!("Dinner?"))
    );
    assert_eq!(changed["poll"]["options"][1]["text"], "Sushi");
    owner.post(&poll.at("/close"), json!({})).await.ok(200);
    let closed = socket.next_of("poll_closed").await;
    assert_eq!(closed["final"], true);
    assert_eq!(
        (
            &closed["total_votes"],
            &closed["epoch"],
            &closed["revision"]
        ),
        (&json!(2), &json!(1), &json!(4))
    );
    owner
        .call(axum::http::Method::DELETE, &poll.at(""), None)
        .await
        .ok(204);
    let deleted = socket.next_of("poll_deleted").await;
    assert_eq!(deleted, json!({"type": "poll_deleted", "poll_id": poll.id}));
    assert_eq!(u16::from(socket.closed().await.unwrap().code), 1000);
}

#[tokio::test]
async fn single_votes_are_told_to_those_who_ask() {
    let server = Server::start(App::unlimited()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    let mut silent = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    let mut told = Socket::open(&server, &Server::stream_path(&poll, "?events=votes"), &[]).await;
    told.next().await;
    Browser::new(&server.app).vote(&poll, 2).await.ok(201);
    let vote = told.next_of("vote_submitted").await;
    let expected = json!({
        "type": "vote_submitted", "poll_id": poll.id, "option_id": poll.options[2], "new_count": 1, "total_votes": 1,
        "revision": 1,
    });
    assert_eq!(vote, expected);
    for _ in 0..5 {
        Browser::new(&server.app).vote(&poll, 0).await.ok(201);
    }
    let heard = silent.all_within(Duration::from_millis(500)).await;
    assert!(
        heard
            .iter()
            .all(|message| message["type"] == "poll_updated"),
        "{heard:?}"
    );
    let several = Browser::new(&server.app)
        .make(json!({"ballot": {"kind": "multiple"}}))
        .await;
    let mut told = Socket::open(
        &server,
        &Server::stream_path(&several, "?events=votes"),
        &[],
    )
    .await;
    let body = json!({"option_ids": several.options});
    Browser::new(&server.app)
        .post(&several.at("/vote"), body)
        .await
        .ok(201);
    let heard = told.all_within(Duration::from_millis(500)).await;
    assert_eq!(heard.last().unwrap()["total_votes"], 1);
    assert!(
        heard
            .iter()
            .all(|message| message["type"] == "poll_updated"),
        "{heard:?}"
    );
}

#[tokio::test]
async fn updates_are_merged_never_go_back_and_the_last_arrives() {
    let server = Server::start(App::with(|router| {
        router.vote_quota(None).session_quota(None)
    }))
    .await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, "?events=votes"), &[]).await;
    let (app, target) = (server.app.clone(), poll.clone());
    let began = tokio::time::Instant::now();
    let voting = tokio::spawn(async move {
        for n in 0..400 {
            Browser::new(&app).vote(&target, n % 3).await.ok(201);
        }
    });
    let mut heard = Vec::new();
    while heard
        .last()
        .is_none_or(|message: &Value| message["total_votes"] != 400)
    {
        heard.push(socket.next().await);
    }
    let seconds = began.elapsed().as_secs_f64();
    voting.await.unwrap();
    let revisions: Vec<u64> = heard
        .iter()
        .map(|message| message["revision"].as_u64().unwrap())
        .collect();
    assert!(revisions.is_sorted(), "{revisions:?}");
    let updates = heard
        .iter()
        .filter(|message| message["type"] == "poll_updated")
        .count();
    assert!(
        updates as f64 <= 20.0 * seconds + 3.0,
        "{updates} in {seconds} s"
    );
    let of_one = heard.chunk_by(|one, next| one["revision"] == next["revision"]);
    let most = of_one
        .map(|group| {
            group
                .iter()
                .filter(|message| message["type"] == "vote_submitted")
                .count()
        })
        .max();
    assert!(most.unwrap() <= 32);
}

#[tokio::test]
async fn a_stream_that_resumes_is_not_told_what_is_older() {
    let server = Server::start(App::unlimited()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    for _ in 0..3 {
        Browser::new(&server.app).vote(&poll, 0).await.ok(201);
    }
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, "?after=1-2"), &[]).await;
    assert_eq!(
        socket.next().await["revision"],
        3,
        "the newest state at once"
    );
    let refused = Socket::try_open(
        &server,
        &Server::stream_path(&poll, "?after=yesterday&events=all"),
        &[],
    )
    .await;
    let (status, body) = refused.unwrap_err();
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (422, &json!("invalid_query"))
    );
    assert_eq!(body["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn votes_over_the_stream_are_confirmed_or_rejected() {
    let server = Server::start(App::new()).await;
    let mut browser = Browser::new(&server.app);
    let poll = browser.make(json!({})).await;
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
        .is_problem(409, "already_voted");
    assert_eq!(server.app.total(&poll.id).await, 1);
}

#[tokio::test]
async fn after_a_confirmed_vote_nothing_older_is_told() {
    let server = Server::start(App::unlimited()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
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
async fn votes_over_the_stream_are_limited_like_others() {
    let server = Server::start(App::with(|router| {
        router.vote_quota(Some(Quota::per_minute(3)))
    }))
    .await;
    let poll = Browser::at(&server.app, "198.51.100.1")
        .make(json!({"revote": true}))
        .await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    for n in 0..3 {
        socket
            .send(json!({"type": "vote", "option_id": poll.options[n]}))
            .await;
        assert_eq!(
            socket.next_of("vote_confirmed").await["total_votes"],
            1,
            "one stream, one voter"
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
        "of the same address"
    );
}

#[tokio::test]
async fn what_is_not_understood_is_said_and_the_stream_stays() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    socket.next().await;
    let deep = "[".repeat(60_000);
    for message in [
        Message::text("hello"),
        Message::text(""),
        Message::text("[]"),
        Message::text("{}"),
        Message::text(deep),
        Message::text(r#"{"type": "subscribe"}"#),
        Message::text(r#"{"type": 7}"#),
        Message::text(r#"{"type": "vote", "request_id": 7}"#),
        Message::text(r#"{"type": "refresh", "more": 1}"#),
        Message::binary(vec![0xFF, 0xFE]),
        Message::binary(&b"{\"type\": \"refresh\"}"[..]),
    ] {
        socket.send_raw(message).await;
        let answer = socket
            .next_where(|message| message["type"] != "poll_updated")
            .await;
        assert_eq!(
            answer,
            json!({"type": "error", "code": "malformed_message"})
        );
    }
    socket.send(json!({"type": "refresh"})).await;
    assert_eq!(socket.next_of("poll_updated").await["total_votes"], 0);
}

#[tokio::test]
async fn messages_beyond_64_kib_close_with_1009() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    for size in [64 * 1024 + 1, 128 * 1024 + 1, 1024 * 1024] {
        let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
        socket.send_raw(Message::text("x".repeat(size))).await;
        assert_eq!(
            u16::from(socket.closed().await.unwrap().code),
            1009,
            "{size}"
        );
    }
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    socket.next().await;
    socket.send_raw(Message::text("x".repeat(64 * 1024))).await;
    let answer = socket
        .next_where(|message| message["type"] != "poll_updated")
        .await;
    assert_eq!(answer["code"], "malformed_message");
}

#[tokio::test]
async fn a_peer_is_pinged_and_dropped_when_it_stays_silent() {
    let timing = StreamTiming {
        ping: Duration::from_millis(100),
        ..StreamTiming::default()
    };
    let server = Server::start(App::with(|router| router.stream_timing(timing))).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    let path = Server::stream_path(&poll, "");
    let mut awake = Socket::open(&server, &path, &[]).await;
    let mut asleep = Socket::open(&server, &path, &[]).await;
    // The one that reads answers the pings; the other one does not even look.
    awake.all_within(Duration::from_secs(1)).await;
    awake.send(json!({"type": "refresh"})).await;
    awake.next_of("poll_updated").await;
    assert!(asleep.closed().await.is_none(), "dropped without a word");
}

#[tokio::test]
async fn an_address_may_hold_so_many_streams() {
    let server = Server::start(App::with(|router| router.streams_per_address(Some(2)))).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    let path = Server::stream_path(&poll, "");
    let first = Socket::open(&server, &path, &[]).await;
    let _second = Socket::open(&server, &path, &[]).await;
    let (status, body) = Socket::try_open(&server, &path, &[]).await.unwrap_err();
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (429, &json!("rate_limited"))
    );
    drop(first);
    let opened = async {
        while Socket::try_open(&server, &path, &[]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(crate::server::PATIENCE, opened)
        .await
        .unwrap();
}

#[tokio::test]
async fn when_the_engine_shuts_down_streams_end_with_a_reason() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    socket.next().await;
    server.app.engine.shutdown().await;
    let frame = socket.closed().await.unwrap();
    assert_eq!(u16::from(frame.code), 1001);
    assert_eq!(frame.reason.as_str(), "the server is shutting down");
}

#[tokio::test]
async fn foreign_pages_get_no_stream() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
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
async fn the_state_comes_first_even_if_a_command_comes_with_the_handshake() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    let path = Server::stream_path(&poll, "");
    for _ in 0..20 {
        let mut socket = Socket::open_and_say(&server, &path, "hello").await;
        assert_eq!(socket.next().await["type"], "poll_updated");
        assert_eq!(socket.next_of("error").await["code"], "malformed_message");
    }
}

#[tokio::test]
async fn a_vote_over_a_socket_leaves_a_session_behind() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).make(json!({})).await;
    let path = Server::stream_path(&poll, "");
    let (mut socket, cookie) = Socket::open_for_cookie(&server, &path).await;
    let mut browser = Browser::new(&server.app);
    browser.cookie = cookie;
    assert!(browser.cookie.is_some());
    socket
        .send(json!({"type": "vote", "option_id": poll.options[0], "ballot_id": BALLOT}))
        .await;
    socket.next_of("vote_confirmed").await;
    let own = browser.get(&poll.at("/vote")).await.ok(200).json();
    assert_eq!(own["ballot_id"], BALLOT);
    browser
        .vote(&poll, 1)
        .await
        .is_problem(409, "already_voted");
}

#[tokio::test]
async fn without_a_session_one_may_watch_a_socket_but_not_vote() {
    let server = Server::start(App::with(|router| {
        router.session_quota(Some(Quota::per_minute(1)))
    }))
    .await;
    let poll = Browser::at(&server.app, "198.51.100.1")
        .make(json!({}))
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

#[tokio::test]
async fn no_answer_on_a_socket_takes_the_revision_back() {
    let server = Server::start(App::unlimited()).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.make(json!({"revote": true})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    let (app, target) = (server.app.clone(), poll.clone());
    let others = tokio::spawn(async move {
        for n in 0..30 {
            Browser::new(&app).vote(&target, 0).await.ok(201);
            let body = Some(json!({"title": format!("Title {n}")}));
            let patch = axum::http::Method::PATCH;
            owner.call(patch, &target.at(""), body).await.ok(200);
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
        let told = message["revision"].as_u64();
        let told = told
            .or_else(|| message["poll"]["revision"].as_u64())
            .unwrap();
        assert!(told >= revision, "{message} after {revision}");
        revision = told;
    }
}
