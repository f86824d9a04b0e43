//! Hidden results: no response and no stream contains counts.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::App;
use crate::browser::{Browser, CreatedPoll};
use crate::server::Server;
use crate::stream_clients::{EventStream, Socket};

/// Asserts that a body contains no count and no value derived from counts.
#[track_caller]
fn assert_no_counts(body: &Value) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                let counted = ["count", "total_votes", "revision", "leaders", "new_count"];
                assert!(!counted.contains(&name.as_str()), "{name} in {body}");
                assert_no_counts(value);
            }
        }
        Value::Array(values) => values.iter().for_each(assert_no_counts),
        _ => {}
    }
}

#[track_caller]
fn assert_counts(body: &Value) {
    assert!(
        body["total_votes"].is_u64() && body["revision"].is_u64() && body["version"].is_null(),
        "{body}"
    );
}

/// Returns every body in which the browser can read the poll.
async fn read(browser: &mut Browser, poll: &CreatedPoll) -> Vec<Value> {
    let mut bodies = Vec::new();
    for path in [
        poll.path(""),
        poll.path("/results"),
        "/api/polls?status=all".into(),
    ] {
        bodies.push(browser.get(&path).await.expect_status(200).json());
    }
    if bodies[0]["poll"]["status"] == "open" {
        bodies.push(browser.get("/api/trending").await.expect_status(200).json());
    }
    bodies
}

#[tokio::test]
async fn after_close_results_are_hidden_from_everyone_until_the_close() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let poll = owner
        .create_poll(json!({"results": "after_close", "revote": true}))
        .await;
    assert_no_counts(&poll.body);
    assert_eq!(poll.body["version"], 0);
    let tag = owner.get(&poll.path("")).await.header("etag").to_owned();
    let mut voter = Browser::new(&app);
    let receipt = voter.vote(&poll, 0).await.expect_status(201).json();
    assert_no_counts(&receipt);
    assert_eq!(receipt["new_counts"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&receipt["epoch"], &receipt["version"]),
        (&json!(1), &json!(0))
    );
    assert_no_counts(&voter.vote(&poll, 1).await.expect_status(201).json());
    assert_no_counts(
        &voter
            .call(Method::DELETE, &poll.path("/vote"), None)
            .await
            .expect_status(200)
            .json(),
    );
    voter.vote(&poll, 2).await.expect_status(201);
    for browser in [&mut owner, &mut voter, &mut Browser::new(&app)] {
        for body in read(browser, &poll).await {
            assert_no_counts(&body);
        }
        for suffix in ["", "/results"] {
            assert_eq!(
                browser.get(&poll.path(suffix)).await.header("etag"),
                tag,
                "votes do not change the ETag"
            );
        }
    }
    let changed = owner
        .call(Method::PATCH, &poll.path(""), Some(json!({"title": "New"})))
        .await
        .expect_status(200)
        .json();
    assert_no_counts(&changed);
    assert_eq!(changed["version"], 1);
    assert_ne!(owner.get(&poll.path("")).await.header("etag"), tag);
    let closed = owner
        .post(&poll.path("/close"), json!({}))
        .await
        .expect_status(200)
        .json();
    assert_counts(&closed);
    assert_eq!(closed["total_votes"], 1);
    let result = Browser::new(&app)
        .get(&poll.path("/results"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&result["leaders"], &result["final"]),
        (&json!([poll.options[2]]), &json!(true))
    );
}

#[tokio::test]
async fn after_vote_results_are_visible_only_to_voters() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let poll = owner
        .create_poll(json!({"results": "after_vote", "revote": true}))
        .await;
    let public_tag = owner.get(&poll.path("")).await.header("etag").to_owned();
    let mut voter = Browser::new(&app);
    assert_counts(&voter.vote(&poll, 0).await.expect_status(201).json());
    let details = voter.get(&poll.path("")).await.expect_status(200);
    assert_counts(&details.json()["stats"]);
    assert_ne!(
        details.header("etag"),
        public_tag,
        "each audience has its own ETag"
    );
    for browser in [&mut owner, &mut Browser::new(&app)] {
        for body in read(browser, &poll).await {
            assert_no_counts(&body);
        }
        let headers = [("if-none-match", public_tag.as_str())];
        for suffix in ["", "/results"] {
            browser
                .call_with(Method::GET, &poll.path(suffix), None, &headers)
                .await
                .expect_status(304);
        }
    }
    assert_no_counts(
        &voter
            .call(Method::DELETE, &poll.path("/vote"), None)
            .await
            .expect_status(200)
            .json(),
    );
    assert_no_counts(&voter.get(&poll.path("")).await.json());
}

/// The number of used codes is the number of votes.
#[tokio::test]
async fn used_invites_are_hidden_from_the_owner_with_the_results() {
    let app = App::unlimited();
    for policy in ["after_close", "after_vote"] {
        let mut owner = Browser::new(&app);
        let poll = owner
            .create_poll(json!({"results": policy, "voters": "invite"}))
            .await;
        let codes = crate::invites::codes(&mut owner, &poll, 3).await;
        let invites = poll.path("/invites");
        for vote in [None, Some(&codes[0]), Some(&codes[1])] {
            if let Some(code) = vote {
                let path = poll.path(&format!("/vote?invite={code}"));
                let body = json!({"option_id": poll.options[0]});
                let voted = Browser::new(&app).post(&path, body).await;
                voted.expect_status(201);
            }
            let counts = owner.get(&invites).await.expect_status(200).json();
            assert_eq!(counts, json!({"made": 3}), "{policy}");
        }
        let close = owner.post(&poll.path("/close"), json!({})).await;
        close.expect_status(200);
        let counts = owner.get(&invites).await.expect_status(200).json();
        assert_eq!(counts, json!({"made": 3, "used": 2, "left": 1}), "{policy}");
    }
}

#[tokio::test]
async fn streams_contain_no_counts_while_results_are_hidden() {
    let server = Server::start(App::unlimited()).await;
    for policy in ["after_close", "after_vote"] {
        let mut owner = Browser::new(&server.app);
        let poll = owner.create_poll(json!({"results": policy})).await;
        let path = Server::stream_path(&poll, "?events=votes");
        let cookie = [("cookie", owner.cookie.as_deref().unwrap())];
        let mut socket = Socket::open(&server, &path, &cookie).await;
        let mut events = EventStream::open(&server, &path, &[]).await;
        let first = events.next().await.unwrap();
        assert_eq!(first.id, "1-v0");
        assert_no_counts(&first.data);
        socket.next().await;
        // Waits for updates of the viewer count before the first vote.
        socket.all_within(Duration::from_millis(1_500)).await;
        for _ in 0..5 {
            Browser::new(&server.app)
                .vote(&poll, 0)
                .await
                .expect_status(201);
        }
        let received = socket.all_within(Duration::from_millis(1_500)).await;
        assert!(received.is_empty(), "no message for a vote: {received:?}");
        socket.send(json!({"type": "refresh"})).await;
        assert_no_counts(&socket.next_of("poll_updated").await);
        owner
            .post(&poll.path("/close"), json!({}))
            .await
            .expect_status(200);
        assert_counts(&socket.next_of("poll_closed").await);
        let closed = events.next_of("poll_closed").await;
        assert_eq!(closed.data["total_votes"], 5);
    }
}

#[tokio::test]
async fn a_stream_contains_counts_after_its_viewer_voted() {
    let server = Server::start(App::unlimited()).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.create_poll(json!({"results": "after_vote"})).await;
    let path = Server::stream_path(&poll, "");
    // A vote by REST, with the cookie of the stream.
    let cookie = [("cookie", owner.cookie.clone().unwrap())];
    let cookie = cookie
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let mut by_rest = Socket::open(&server, &path, &cookie).await;
    assert_no_counts(&by_rest.next().await);
    owner.vote(&poll, 0).await.expect_status(201);
    let shown = by_rest
        .next_where(|message| message["total_votes"] == 1)
        .await;
    assert_eq!(shown["options"][0]["count"], 1);
    // A vote over the stream, without a cookie.
    let mut by_stream = Socket::open(&server, &path, &[]).await;
    assert_no_counts(&by_stream.next().await);
    by_stream
        .send(json!({"type": "vote", "option_id": poll.options[1]}))
        .await;
    let shown = by_stream
        .next_where(|message| message["type"] == "poll_updated" && message["total_votes"].is_u64())
        .await;
    assert_eq!(shown["options"][1]["count"], 1);
}
