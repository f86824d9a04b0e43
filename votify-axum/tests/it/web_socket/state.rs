use std::time::Duration;

use serde_json::{Value, json};

use crate::app::App;
use crate::browser::Browser;
use crate::server::Server;
use crate::stream_clients::Socket;

#[tokio::test]
async fn the_stream_starts_with_the_state_and_continues_with_changes() {
    let server = Server::start(App::new()).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.create_poll(json!({})).await;
    owner.vote(&poll, 0).await.expect_status(201);
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
    Browser::new(&server.app)
        .vote(&poll, 1)
        .await
        .expect_status(201);
    let update = socket.next_where(|message| message["revision"] == 2).await;
    assert_eq!(
        (&update["type"], &update["options"][1]["count"]),
        (&json!("poll_updated"), &json!(1))
    );
    let title = Some(json!({"title": "Dinner?"}));
    owner
        .call(axum::http::Method::PATCH, &poll.path(""), title)
        .await
        .expect_status(200);
    let changed = socket.next_of("poll_changed").await;
    assert_eq!(
        (&changed["poll_id"], &changed["poll"]["title"]),
        (&json!(poll.id), &json!("Dinner?"))
    );
    assert_eq!(changed["poll"]["options"][1]["text"], "Sushi");
    owner
        .post(&poll.path("/close"), json!({}))
        .await
        .expect_status(200);
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
        .call(axum::http::Method::DELETE, &poll.path(""), None)
        .await
        .expect_status(204);
    let deleted = socket.next_of("poll_deleted").await;
    assert_eq!(deleted, json!({"type": "poll_deleted", "poll_id": poll.id}));
    assert_eq!(u16::from(socket.closed().await.unwrap().code), 1000);
}

#[tokio::test]
async fn single_votes_are_sent_on_request() {
    let server = Server::start(App::unlimited()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let mut without_votes = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    let mut with_votes =
        Socket::open(&server, &Server::stream_path(&poll, "?events=votes"), &[]).await;
    with_votes.next().await;
    Browser::new(&server.app)
        .vote(&poll, 2)
        .await
        .expect_status(201);
    let vote = with_votes.next_of("vote_submitted").await;
    let expected = json!({
        "type": "vote_submitted", "poll_id": poll.id, "option_id": poll.options[2], "new_count": 1, "total_votes": 1,
        "revision": 1,
    });
    assert_eq!(vote, expected);
    for _ in 0..5 {
        Browser::new(&server.app)
            .vote(&poll, 0)
            .await
            .expect_status(201);
    }
    let received = without_votes.all_within(Duration::from_millis(500)).await;
    assert!(
        received
            .iter()
            .all(|message| message["type"] == "poll_updated"),
        "{received:?}"
    );
    let several = Browser::new(&server.app)
        .create_poll(json!({"ballot": {"kind": "multiple"}}))
        .await;
    let mut with_votes = Socket::open(
        &server,
        &Server::stream_path(&several, "?events=votes"),
        &[],
    )
    .await;
    let body = json!({"option_ids": several.options});
    Browser::new(&server.app)
        .post(&several.path("/vote"), body)
        .await
        .expect_status(201);
    let received = with_votes.all_within(Duration::from_millis(500)).await;
    assert_eq!(received.last().unwrap()["total_votes"], 1);
    assert!(
        received
            .iter()
            .all(|message| message["type"] == "poll_updated"),
        "{received:?}"
    );
}

#[tokio::test]
async fn updates_are_merged_in_order_up_to_the_last() {
    let server = Server::start(App::with(|router| {
        router.vote_rate(None).session_rate(None)
    }))
    .await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, "?events=votes"), &[]).await;
    let (app, target) = (server.app.clone(), poll.clone());
    let began = tokio::time::Instant::now();
    let voting = tokio::spawn(async move {
        for n in 0..400 {
            Browser::new(&app)
                .vote(&target, n % 3)
                .await
                .expect_status(201);
        }
    });
    let mut received = Vec::new();
    while received
        .last()
        .is_none_or(|message: &Value| message["total_votes"] != 400)
    {
        received.push(socket.next().await);
    }
    let seconds = began.elapsed().as_secs_f64();
    voting.await.unwrap();
    let revisions: Vec<u64> = received
        .iter()
        .map(|message| message["revision"].as_u64().unwrap())
        .collect();
    assert!(revisions.is_sorted(), "{revisions:?}");
    let updates = received
        .iter()
        .filter(|message| message["type"] == "poll_updated")
        .count();
    assert!(
        updates as f64 <= 20.0 * seconds + 3.0,
        "{updates} in {seconds} s"
    );
    let of_one = received.chunk_by(|one, next| one["revision"] == next["revision"]);
    let max_per_revision = of_one
        .map(|group| {
            group
                .iter()
                .filter(|message| message["type"] == "vote_submitted")
                .count()
        })
        .max();
    assert!(max_per_revision.unwrap() <= 32);
}

#[tokio::test]
async fn resumed_streams_skip_older_states() {
    let server = Server::start(App::unlimited()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    for _ in 0..3 {
        Browser::new(&server.app)
            .vote(&poll, 0)
            .await
            .expect_status(201);
    }
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, "?after=1-2"), &[]).await;
    assert_eq!(
        socket.next().await["revision"],
        3,
        "the first frame is the newest state"
    );
    let rejected = Socket::try_open(
        &server,
        &Server::stream_path(&poll, "?after=yesterday&events=all"),
        &[],
    )
    .await;
    let (status, body) = rejected.unwrap_err();
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (422, &json!("invalid_query"))
    );
    assert_eq!(body["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_state_precedes_answers_to_early_commands() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let path = Server::stream_path(&poll, "");
    for _ in 0..20 {
        let mut socket = Socket::open_and_send(&server, &path, "hello").await;
        assert_eq!(socket.next().await["type"], "poll_updated");
        assert_eq!(socket.next_of("error").await["code"], "malformed_message");
    }
}
