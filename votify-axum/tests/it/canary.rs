//! Searches every response, header, frame and log line for the counts of hidden results.
//! The counts are canary values: no other number looks like them.

use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tower::ServiceExt;
use tracing::subscriber::set_default;
use votify_core::{BallotId, Caller, Choice, SessionId};

use crate::app::{App, request};
use crate::browser::{Browser, CreatedPoll};
use crate::endpoints::{self, EndpointRequest};
use crate::log_capture::LogCapture;
use crate::server::Server;
use crate::stream_clients::{EventStream, Socket};

const FIRST: u32 = 10_007;
const SECOND: u32 = 10_103;

/// Returns true for the counts, their sum (also the revision), and both plus some further
/// votes.
fn is_canary(number: u64) -> bool {
    (10_007..10_200).contains(&number) || (20_110..20_200).contains(&number)
}

/// Returns the separate five-digit numbers that reveal a count. Parts of UUIDs and
/// timestamps have other lengths. Pages write such a number as `10,007`.
fn canary_numbers(text: &str) -> Vec<&str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let is_canary_word = |word: &&str| word.len() == 5 && word.parse().is_ok_and(is_canary);
    let grouped = text.split(|letter: char| !letter.is_ascii_digit() && letter != ',');
    let is_grouped_canary = |word: &&str| {
        let digits = word.split_once(',').filter(|(start, _)| start.len() == 2);
        digits.is_some_and(|(start, end)| {
            end.len() == 3 && format!("{start}{end}").parse().is_ok_and(is_canary)
        })
    };
    let grouped = grouped.filter(is_grouped_canary);
    words.filter(is_canary_word).chain(grouped).collect()
}

#[track_caller]
fn assert_no_counts(what: &str, text: &str) {
    let found = canary_numbers(text);
    assert!(found.is_empty(), "{what} contains {found:?}: {text}");
}

/// Casts the canary votes.
async fn fill(app: &App, poll: &CreatedPoll) {
    let id = poll.id.parse().unwrap();
    for (option, count) in [(0, FIRST), (1, SECOND)] {
        let option = poll.options[option].parse().unwrap();
        let vote = async || {
            let (engine, voter) = (&app.engine, Caller::session(SessionId::random()));
            let ballot = BallotId::generate(engine.now());
            engine.cast(id, &voter, ballot, Choice::one(option)).await
        };
        // 500 at a time: a vote that waits too long is rejected.
        for begun in (0..count).step_by(500) {
            let votes = (begun..count.min(begun + 500)).map(|_| vote());
            for vote in join_all(votes).await {
                vote.unwrap();
            }
        }
    }
}

/// Returns status, headers and body as text.
async fn response(app: &App, call: &EndpointRequest, cookie: Option<&str>) -> String {
    let mut request = request(call.method.clone(), &call.path, call.body.clone());
    if let Some(cookie) = cookie {
        request
            .headers_mut()
            .insert("cookie", cookie.parse().unwrap());
    }
    if call.is_stream() {
        // The body does not end. `watch` reads streams.
        let response = app.router.clone().oneshot(request).await.unwrap();
        return format!("{} {:?}", response.status(), response.headers());
    }
    let mut response = app.send(request).await;
    // The length of a body may equal a canary by chance.
    response.headers.remove("content-length");
    format!(
        "{} {:?} {}",
        response.status, response.headers, response.text
    )
}

/// Returns true if the request itself reveals the counts or ends the poll.
fn reveals(call: &EndpointRequest, results: &str) -> bool {
    match call.name.as_str() {
        "POST /api/polls/{id}/close" | "DELETE /api/polls/{id}" => true,
        "POST /api/polls/{id}/vote" => results == "after_vote",
        _ => false,
    }
}

/// Pages, assets and queries that are not in the OpenAPI document.
fn undocumented_endpoints(poll: &CreatedPoll) -> Vec<EndpointRequest> {
    let mut paths = vec![
        "/api/nothing".to_owned(),
        poll.path("?invite=0W3G-E1R7-0W3G-E1R7"),
    ];
    if cfg!(feature = "ui") {
        let pages = [
            "/",
            "/votify.js",
            "/pages/pages.css",
            "/polls",
            "/polls?status=all&sort=trending",
            "/mine",
        ];
        paths.extend(pages.map(str::to_owned));
        for page in ["", "/embed", "/manage"] {
            paths.push(format!("/p/{}{page}", poll.id));
        }
    }
    for (status, sort) in [("all", "trending"), ("open", "newest"), ("all", "closing")] {
        paths.push(format!("/api/polls?status={status}&sort={sort}&limit=100"));
    }
    let call = |path: String| EndpointRequest {
        name: format!("GET {path}"),
        method: Method::GET,
        path,
        body: None,
    };
    paths.into_iter().map(call).collect()
}

/// Returns the frames of both kinds of streams during two votes and after a refresh.
async fn watch(server: &Server, poll: &CreatedPoll, cookie: Option<&str>) -> Vec<Value> {
    let path = Server::stream_path(poll, "?events=votes");
    let headers: Vec<_> = cookie
        .map(|cookie| ("cookie", cookie))
        .into_iter()
        .collect();
    let mut socket = Socket::open(server, &path, &headers).await;
    let mut events = EventStream::open(server, &path, &headers).await;
    let first = events.next().await.unwrap();
    let mut received = vec![json!(first.id), first.data];
    for option in [0, 1] {
        Browser::with_address(&server.app, "198.51.100.9")
            .vote(poll, option)
            .await
            .expect_status(201);
    }
    socket.send(json!({"type": "refresh"})).await;
    received.extend(socket.all_within(Duration::from_millis(1_200)).await);
    assert!(
        received.len() >= 3,
        "the first and the refreshed state: {received:?}"
    );
    received
}

async fn assert_nothing_leaks(results: &str, log: &LogCapture) {
    let server = Server::start(App::unlimited()).await;
    let app = &server.app;
    let mut owner = Browser::new(app);
    let poll = owner
        .create_poll(json!({"results": results, "revote": true}))
        .await;
    fill(app, &poll).await;
    let mut other = Browser::new(app);
    other.create_poll(json!({})).await;
    let mut audiences = vec![
        ("nobody", None),
        ("another", other.cookie),
        ("the owner", owner.cookie.clone()),
    ];
    if results == "after_close" {
        let mut voter = Browser::new(app);
        let receipt = voter.vote(&poll, 0).await.expect_status(201);
        assert_no_counts("the receipt", &format!("{receipt:?}"));
        audiences.push(("a voter", voter.cookie));
    }
    for (caller, cookie) in &audiences {
        for frame in watch(&server, &poll, cookie.as_deref()).await {
            assert_no_counts(&format!("the stream of {caller}"), &frame.to_string());
        }
        let documented = endpoints::all(app, &poll).await;
        for call in documented.into_iter().chain(undocumented_endpoints(&poll)) {
            if reveals(&call, results) {
                continue;
            }
            let text = response(app, &call, cookie.as_deref()).await;
            assert_no_counts(&format!("{} to {caller}", call.name), &text);
        }
    }
    assert_no_counts("the log", &log.text());
    // The search works: after the close the counts are public.
    let closed = owner
        .post(&poll.path("/close"), json!({}))
        .await
        .expect_status(200);
    assert!(canary_numbers(&closed.text).len() >= 3, "{}", closed.text);
    for call in endpoints::all(app, &poll).await {
        if ["GET /api/polls/{id}", "GET /api/polls/{id}/results"].contains(&call.name.as_str()) {
            let text = response(app, &call, None).await;
            assert!(canary_numbers(&text).len() >= 3, "{text}");
        }
    }
}

#[tokio::test]
async fn no_count_leaks_before_the_close() {
    let log = LogCapture::default();
    let _logging = set_default(log.clone());
    assert_nothing_leaks("after_close", &log).await;
}

#[tokio::test]
async fn no_count_leaks_to_callers_without_a_vote() {
    let log = LogCapture::default();
    let _logging = set_default(log.clone());
    assert_nothing_leaks("after_vote", &log).await;
}

#[test]
fn canary_numbers_are_found_in_any_context() {
    for text in [
        "W/\"1-20110-open\"",
        "{\"count\":10007}",
        "x=10103",
        "votes 20111.",
        "a\n20110\n",
        "<span>20,110 votes</span>",
    ] {
        assert_eq!(canary_numbers(text).len(), 1, "{text}");
    }
    for text in [
        "0190b6e2-1000-7000-8000-000000010007",
        "2026-11-25T10:00:00.010007Z",
        "100070",
        "x10007",
        "[1,10,007,2]",
        "1,010,007",
    ] {
        assert!(canary_numbers(text).is_empty(), "{text}");
    }
}
