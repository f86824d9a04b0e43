//! Where results are hidden, nothing tells of them: on no way out.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::App;
use crate::browser::{Browser, Made};
use crate::live::{Events, Socket};
use crate::server::Server;

/// That no count, and nothing that follows from one, is anywhere in it.
#[track_caller]
fn tells_nothing(body: &Value) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                let counted = ["count", "total_votes", "revision", "leaders", "new_count"];
                assert!(!counted.contains(&name.as_str()), "{name} in {body}");
                tells_nothing(value);
            }
        }
        Value::Array(values) => values.iter().for_each(tells_nothing),
        _ => {}
    }
}

#[track_caller]
fn tells_all(body: &Value) {
    assert!(
        body["total_votes"].is_u64() && body["revision"].is_u64() && body["version"].is_null(),
        "{body}"
    );
}

/// Everything that the browser can read of the poll.
async fn read(browser: &mut Browser, poll: &Made) -> Vec<Value> {
    let mut bodies = Vec::new();
    for path in [
        poll.at(""),
        poll.at("/results"),
        "/api/polls?status=all".into(),
    ] {
        bodies.push(browser.get(&path).await.ok(200).json());
    }
    if bodies[0]["poll"]["status"] == "open" {
        bodies.push(browser.get("/api/trending").await.ok(200).json());
    }
    bodies
}

#[tokio::test]
async fn until_the_end_nobody_sees_anything_where_results_come_at_the_end() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let poll = owner
        .make(json!({"results": "after_close", "revote": true}))
        .await;
    tells_nothing(&poll.body);
    assert_eq!(poll.body["version"], 0);
    let tag = owner.get(&poll.at("")).await.header("etag").to_owned();
    let mut voter = Browser::new(&app);
    let receipt = voter.vote(&poll, 0).await.ok(201).json();
    tells_nothing(&receipt);
    assert_eq!(receipt["new_counts"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&receipt["epoch"], &receipt["version"]),
        (&json!(1), &json!(0))
    );
    tells_nothing(&voter.vote(&poll, 1).await.ok(201).json());
    tells_nothing(
        &voter
            .call(Method::DELETE, &poll.at("/vote"), None)
            .await
            .ok(200)
            .json(),
    );
    voter.vote(&poll, 2).await.ok(201);
    for browser in [&mut owner, &mut voter, &mut Browser::new(&app)] {
        for body in read(browser, &poll).await {
            tells_nothing(&body);
        }
        for below in ["", "/results"] {
            assert_eq!(
                browser.get(&poll.at(below)).await.header("etag"),
                tag,
                "votes do not show in the tag"
            );
        }
    }
    let changed = owner
        .call(Method::PATCH, &poll.at(""), Some(json!({"title": "New"})))
        .await
        .ok(200)
        .json();
    tells_nothing(&changed);
    assert_eq!(changed["version"], 1);
    assert_ne!(owner.get(&poll.at("")).await.header("etag"), tag);
    let closed = owner
        .post(&poll.at("/close"), json!({}))
        .await
        .ok(200)
        .json();
    tells_all(&closed);
    assert_eq!(closed["total_votes"], 1);
    let result = Browser::new(&app)
        .get(&poll.at("/results"))
        .await
        .ok(200)
        .json();
    assert_eq!(
        (&result["leaders"], &result["final"]),
        (&json!([poll.options[2]]), &json!(true))
    );
}

#[tokio::test]
async fn whoever_voted_sees_where_results_come_with_the_vote() {
    let app = App::unlimited();
    let mut owner = Browser::new(&app);
    let poll = owner
        .make(json!({"results": "after_vote", "revote": true}))
        .await;
    let public_tag = owner.get(&poll.at("")).await.header("etag").to_owned();
    let mut voter = Browser::new(&app);
    tells_all(&voter.vote(&poll, 0).await.ok(201).json());
    let details = voter.get(&poll.at("")).await.ok(200);
    tells_all(&details.json()["stats"]);
    assert_ne!(
        details.header("etag"),
        public_tag,
        "another audience, another tag"
    );
    for browser in [&mut owner, &mut Browser::new(&app)] {
        for body in read(browser, &poll).await {
            tells_nothing(&body);
        }
        let headers = [("if-none-match", public_tag.as_str())];
        for below in ["", "/results"] {
            browser
                .call_with(Method::GET, &poll.at(below), None, &headers)
                .await
                .ok(304);
        }
    }
    tells_nothing(
        &voter
            .call(Method::DELETE, &poll.at("/vote"), None)
            .await
            .ok(200)
            .json(),
    );
    tells_nothing(&voter.get(&poll.at("")).await.json());
}

#[tokio::test]
async fn streams_tell_nothing_of_votes_while_results_are_hidden() {
    let server = Server::start(App::unlimited()).await;
    for policy in ["after_close", "after_vote"] {
        let mut owner = Browser::new(&server.app);
        let poll = owner.make(json!({"results": policy})).await;
        let path = Server::stream_path(&poll, "?events=votes");
        let cookie = [("cookie", owner.cookie.as_deref().unwrap())];
        let mut socket = Socket::open(&server, &path, &cookie).await;
        let mut events = Events::open(&server, &path, &[]).await;
        let first = events.next().await.unwrap();
        assert_eq!(first.id, "1-v0");
        tells_nothing(&first.data);
        socket.next().await;
        // Whatever viewers bring, before any vote.
        socket.all_within(Duration::from_millis(1_500)).await;
        for _ in 0..5 {
            Browser::new(&server.app).vote(&poll, 0).await.ok(201);
        }
        let heard = socket.all_within(Duration::from_millis(1_500)).await;
        assert!(heard.is_empty(), "no message for a vote: {heard:?}");
        socket.send(json!({"type": "refresh"})).await;
        tells_nothing(&socket.next_of("poll_updated").await);
        owner.post(&poll.at("/close"), json!({})).await.ok(200);
        tells_all(&socket.next_of("poll_closed").await);
        let closed = events.next_of("poll_closed").await;
        assert_eq!(closed.data["total_votes"], 5);
    }
}

#[tokio::test]
async fn a_stream_carries_counts_once_its_viewer_voted() {
    let server = Server::start(App::unlimited()).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.make(json!({"results": "after_vote"})).await;
    let path = Server::stream_path(&poll, "");
    // By REST, with the cookie that the stream has.
    let cookie = [("cookie", owner.cookie.clone().unwrap())];
    let cookie = cookie
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let mut by_rest = Socket::open(&server, &path, &cookie).await;
    tells_nothing(&by_rest.next().await);
    owner.vote(&poll, 0).await.ok(201);
    let shown = by_rest
        .next_where(|message| message["total_votes"] == 1)
        .await;
    assert_eq!(shown["options"][0]["count"], 1);
    // By the stream itself, without any cookie.
    let mut by_stream = Socket::open(&server, &path, &[]).await;
    tells_nothing(&by_stream.next().await);
    by_stream
        .send(json!({"type": "vote", "option_id": poll.options[1]}))
        .await;
    let shown = by_stream
        .next_where(|message| message["type"] == "poll_updated" && message["total_votes"].is_u64())
        .await;
    assert_eq!(shown["options"][1]["count"], 1);
}
