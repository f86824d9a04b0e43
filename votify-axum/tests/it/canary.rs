//! Counts that nobody could take for anything else, in polls that hide them: they are looked for in everything that leaves the
//! server, on every call, in every header, frame and line of the log.

use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tower::ServiceExt;
use tracing::subscriber::set_default;
use votify_core::{BallotId, Caller, Choice, SessionId};

use crate::app::{App, request};
use crate::browser::{Browser, Made};
use crate::calls::{self, Call};
use crate::live::{Events, Socket};
use crate::log::Log;
use crate::server::Server;

const FIRST: u32 = 10_007;
const SECOND: u32 = 10_103;

/// Numbers that follow from the counts: each of them, and their sum, which is the revision too, and a few further votes.
fn is_telling(number: u64) -> bool {
    (10_007..10_200).contains(&number) || (20_110..20_200).contains(&number)
}

/// A number of five digits that stands by itself. No part of a UUID or a time has as many.
fn telling_numbers(text: &str) -> Vec<&str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let told = |word: &&str| word.len() == 5 && word.parse().is_ok_and(is_telling);
    words.filter(told).collect()
}

#[track_caller]
fn tells_nothing(what: &str, text: &str) {
    let told = telling_numbers(text);
    assert!(told.is_empty(), "{what} tells {told:?}: {text}");
}

/// Votes that nobody else casts.
async fn fill(app: &App, poll: &Made) {
    let id = poll.id.parse().unwrap();
    for (option, count) in [(0, FIRST), (1, SECOND)] {
        let option = poll.options[option].parse().unwrap();
        let vote = async || {
            let (engine, voter) = (&app.engine, Caller::session(SessionId::random()));
            let ballot = BallotId::generate(engine.now());
            engine.cast(id, &voter, ballot, Choice::one(option)).await
        };
        // Not all at once: a vote that waits for too many others is refused in the end.
        for begun in (0..count).step_by(500) {
            let votes = (begun..count.min(begun + 500)).map(|_| vote());
            for vote in join_all(votes).await {
                vote.unwrap();
            }
        }
    }
}

/// All that an answer is made of.
async fn answer(app: &App, call: &Call, cookie: Option<&str>) -> String {
    let mut request = request(call.method.clone(), &call.path, call.body.clone());
    if let Some(cookie) = cookie {
        request
            .headers_mut()
            .insert("cookie", cookie.parse().unwrap());
    }
    if call.is_stream() {
        // Its body has no end, and is listened to elsewhere.
        let answer = app.router.clone().oneshot(request).await.unwrap();
        return format!("{} {:?}", answer.status(), answer.headers());
    }
    let mut answer = app.send(request).await;
    // A size that happens to be such a number tells nothing.
    answer.headers.remove("content-length");
    format!("{} {:?} {}", answer.status, answer.headers, answer.text)
}

/// Whether the call itself ends the hiding: for the owner, who closes the poll, and for who votes where that shows the counts.
fn reveals(call: &Call, results: &str) -> bool {
    match call.name.as_str() {
        "POST /api/polls/{id}/close" | "DELETE /api/polls/{id}" => true,
        "POST /api/polls/{id}/vote" => results == "after_vote",
        _ => false,
    }
}

/// Pages and assets, which the description does not know.
fn further_calls(poll: &Made) -> Vec<Call> {
    let mut paths = vec![
        "/api/nothing".to_owned(),
        poll.at("?invite=0W3G-E1R7-0W3G-E1R7"),
    ];
    if cfg!(feature = "ui") {
        let pages = ["/", "/votify.js", "/votify.css"].map(str::to_owned);
        paths.extend(pages.into_iter().chain([format!("/p/{}", poll.id)]));
    }
    for (status, sort) in [("all", "trending"), ("open", "newest"), ("all", "closing")] {
        paths.push(format!("/api/polls?status={status}&sort={sort}&limit=100"));
    }
    let call = |path: String| Call {
        name: format!("GET {path}"),
        method: Method::GET,
        path,
        body: None,
    };
    paths.into_iter().map(call).collect()
}

/// What streams bring while somebody votes, and when asked.
async fn watch(server: &Server, poll: &Made, cookie: Option<&str>) -> Vec<Value> {
    let path = Server::stream_path(poll, "?events=votes");
    let headers: Vec<_> = cookie
        .map(|cookie| ("cookie", cookie))
        .into_iter()
        .collect();
    let mut socket = Socket::open(server, &path, &headers).await;
    let mut events = Events::open(server, &path, &headers).await;
    let first = events.next().await.unwrap();
    let mut heard = vec![json!(first.id), first.data];
    for option in [0, 1] {
        Browser::at(&server.app, "198.51.100.9")
            .vote(poll, option)
            .await
            .ok(201);
    }
    socket.send(json!({"type": "refresh"})).await;
    heard.extend(socket.all_within(Duration::from_millis(1_200)).await);
    assert!(
        heard.len() >= 3,
        "the first state, and the one that was asked for: {heard:?}"
    );
    heard
}

async fn nothing_leaves(results: &str, log: &Log) {
    let server = Server::start(App::unlimited()).await;
    let app = &server.app;
    let mut owner = Browser::new(app);
    let poll = owner
        .make(json!({"results": results, "revote": true}))
        .await;
    fill(app, &poll).await;
    let mut other = Browser::new(app);
    other.make(json!({})).await;
    let mut audiences = vec![
        ("nobody", None),
        ("another", other.cookie),
        ("the owner", owner.cookie.clone()),
    ];
    if results == "after_close" {
        let mut voter = Browser::new(app);
        let receipt = voter.vote(&poll, 0).await.ok(201);
        tells_nothing("the receipt", &format!("{receipt:?}"));
        audiences.push(("a voter", voter.cookie));
    }
    for (who, cookie) in &audiences {
        for frame in watch(&server, &poll, cookie.as_deref()).await {
            tells_nothing(&format!("the stream of {who}"), &frame.to_string());
        }
        let described = calls::all(app, &poll).await;
        for call in described.into_iter().chain(further_calls(&poll)) {
            if reveals(&call, results) {
                continue;
            }
            let text = answer(app, &call, cookie.as_deref()).await;
            tells_nothing(&format!("{} to {who}", call.name), &text);
        }
    }
    tells_nothing("the log", &log.text());
    // That this test would see them: once the poll is closed, they are there.
    let closed = owner.post(&poll.at("/close"), json!({})).await.ok(200);
    assert!(telling_numbers(&closed.text).len() >= 3, "{}", closed.text);
    for call in calls::all(app, &poll).await {
        if ["GET /api/polls/{id}", "GET /api/polls/{id}/results"].contains(&call.name.as_str()) {
            let text = answer(app, &call, None).await;
            assert!(telling_numbers(&text).len() >= 3, "{text}");
        }
    }
}

#[tokio::test]
async fn no_count_leaves_before_the_close() {
    let log = Log::default();
    let _logging = set_default(log.clone());
    nothing_leaves("after_close", &log).await;
}

#[tokio::test]
async fn no_count_leaves_to_who_has_not_voted() {
    let log = Log::default();
    let _logging = set_default(log.clone());
    nothing_leaves("after_vote", &log).await;
}

#[test]
fn a_count_is_found_wherever_it_stands() {
    for text in [
        "W/\"1-20110-open\"",
        "{\"count\":10007}",
        "x=10103",
        "votes 20111.",
        "a\n20110\n",
    ] {
        assert_eq!(telling_numbers(text).len(), 1, "{text}");
    }
    for text in [
        "0190b6e2-1000-7000-8000-000000010007",
        "2026-11-25T10:00:00.010007Z",
        "100070",
        "x10007",
    ] {
        assert!(telling_numbers(text).is_empty(), "{text}");
    }
}
