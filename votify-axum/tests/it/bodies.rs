//! Bodies, paths and methods that are rejected before they are interpreted.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::app::{App, from, request, without_creation_limits};
use crate::browser::Browser;

fn raw(path: &str, content_type: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    let mut request = request(Method::POST, path, None);
    if let Some(content_type) = content_type {
        request
            .headers_mut()
            .insert("content-type", content_type.parse().unwrap());
    }
    *request.body_mut() = body.into();
    request
}

const JSON: Option<&str> = Some("application/json");

#[tokio::test]
async fn only_json_is_accepted() {
    let app = App::new();
    let body = r#"{"title": "t", "options": ["a", "b"]}"#;
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let response = app.send(raw("/api/polls", content_type, body)).await;
        response.assert_problem(415, "unsupported_media_type");
    }
    app.send(raw(
        "/api/polls",
        Some("application/json; charset=utf-8"),
        body,
    ))
    .await
    .expect_status(201);
}

#[tokio::test]
async fn invalid_json_is_malformed() {
    let app = App::new();
    let deep = "[".repeat(50_000);
    for body in [
        "",
        "{",
        "{'title': 1}",
        "\u{feff}{}",
        "{} {}",
        deep.as_str(),
        "{\"title\": NaN}",
    ] {
        app.send(raw("/api/polls", JSON, body.to_owned()))
            .await
            .assert_problem(400, "malformed_json");
    }
    app.send(raw("/api/polls", JSON, vec![b'"', 0xFF, b'"']))
        .await
        .assert_problem(400, "malformed_json");
}

#[tokio::test]
async fn json_nested_too_deep_names_the_limit() {
    let app = App::new();
    for (depth, expected) in [(127, None), (128, Some("at most 127 lists and objects"))] {
        let body = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let response = app.send(raw("/api/polls", JSON, body)).await;
        let Some(expected) = expected else {
            response.assert_problem(422, "invalid_poll");
            continue;
        };
        let problem = response.assert_problem(400, "malformed_json");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(expected), "{detail}");
        assert!(detail.contains("line 1, column 128"), "{detail}");
    }
}

/// Two parsers may disagree about which of the two values counts.
#[tokio::test]
async fn a_repeated_key_is_malformed() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"revote": true})).await;
    let [a, b, _] = &poll.options[..] else {
        panic!("{poll:?}")
    };
    let path = poll.path("/vote");
    let create = "/api/polls";
    let deep = |body: &str| format!("{}{body}{}", "[".repeat(100), "]".repeat(100));
    for (path, body, key) in [
        (
            &path[..],
            format!(r#"{{"option_id": "{a}", "option_id": "{b}"}}"#),
            "option_id",
        ),
        (
            &path,
            format!(r#"{{"option_id": "{a}", "option_id": "{a}"}}"#),
            "option_id",
        ),
        (
            &path,
            format!(r#"{{"option_id": "{a}", "option\u005fid": "{b}"}}"#),
            "option_id",
        ),
        (
            &path,
            format!(r#"{{"ranking": {{"x": 1, "y": 2, "x": 3}}, "option_id": "{a}"}}"#),
            "x",
        ),
        (&path, format!(r#"{{"option_id": {}}}"#, deep(r#"{"": 1, "": 2}"#)), ""),
        (
            create,
            r#"{"title": "a", "options": ["a", "b"], "title": "b"}"#.to_owned(),
            "title",
        ),
        (
            create,
            r#"{"title": "a", "options": [{"text": "a"}, {"text": "b", "text": "c"}]}"#.to_owned(),
            "text",
        ),
        (
            create,
            r#"{"title": "a", "options": ["a", "b"], "address_quota": {"ballots": 1, "ballots": 2}}"#
                .to_owned(),
            "ballots",
        ),
        (create, r#"[{"\u00e9": 1, "é": 2}]"#.to_owned(), "é"),
    ] {
        let response = app.send(raw(path, JSON, body.clone())).await;
        let problem = response.assert_problem(400, "malformed_json");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("{key:?}")), "{body}: {detail}");
    }
    let long = "k".repeat(10_000);
    let body = format!(r#"{{"{long}": 1, "{long}": 2}}"#);
    let response = app.send(raw(create, JSON, body)).await;
    response.assert_problem(400, "malformed_json");
    assert!(response.text.len() < 400, "{}", response.text);
    assert_eq!(app.total(&poll.id).await, 0);
    // The same key in different objects is no repetition.
    let body = r#"{"title": "a", "options": [{"text": "a"}, {"text": "b"}]}"#;
    app.send(raw(create, JSON, body)).await.expect_status(201);
}

/// Values at the edges of JSON are answered as invalid, and never fail.
#[tokio::test]
async fn extreme_values_are_invalid() {
    let app = App::new();
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let field = |value: &str| format!(r#"{{"title": "t", "options": ["a", "b"], "x": {value}}}"#);
    let quota = |value: &str| {
        format!(
            r#"{{"title": "t", "options": ["a", "b"], "address_quota": {{"ballots": {value}}}}}"#
        )
    };
    for (body, status) in [
        (field(&nested(120)), 422),
        (field(&nested(127)), 400),
        (field(&format!("\"{}\"", "\\u0000".repeat(1_000))), 422),
        (field(r#""\ud800""#), 400),
        (field(r#"{"\udc00": 1}"#), 400),
        (field(r#"{"\u0061": 1, "a": 2}"#), 400),
        (field(r#"{"\ud83d\ude00": 1, "😀": 2}"#), 400),
        (field(&"9".repeat(60_000)), 400),
        (quota("1e400"), 400),
        (quota("-1e999999999999"), 400),
        (quota("1e-400"), 422),
        (quota("18446744073709551616"), 422),
        (quota("9223372036854775808"), 422),
        (quota("-1"), 422),
        (quota("-0"), 422),
        (quota("0.5"), 422),
        (quota("5.0"), 422),
        (quota("01"), 400),
        (quota("0x5"), 400),
        (quota("Infinity"), 400),
    ] {
        let response = app.send(raw("/api/polls", JSON, body.clone())).await;
        let shown: String = body.chars().take(100).collect();
        assert_eq!(response.status, status, "{shown}: {}", response.text);
    }
}

#[tokio::test]
async fn every_endpoint_with_a_body_rejects_repeated_keys() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let calls = [
        (Method::PATCH, poll.path("")),
        (Method::POST, poll.path("/invites")),
        (Method::POST, poll.path("/vote")),
        (Method::POST, "/api/polls".to_owned()),
    ];
    for (method, path) in calls {
        let mut request = raw(&path, JSON, r#"{"count": 1, "count": 2}"#);
        *request.method_mut() = method;
        let cookie = owner.cookie.as_deref().unwrap().parse().unwrap();
        request.headers_mut().insert("cookie", cookie);
        app.send(request)
            .await
            .assert_problem(400, "malformed_json");
    }
}

/// Polls may be larger, so that their limits hold in every script and escaping.
#[tokio::test]
async fn bodies_above_their_limit_are_rejected() {
    let app = App::new();
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let create = r#"{"title": "t", "options": ["a", "b"]}"#;
    for (method, path, body, max, status) in [
        (
            Method::POST,
            "/api/polls".to_owned(),
            create,
            1536 * 1024,
            201,
        ),
        (
            Method::PATCH,
            poll.path(""),
            r#"{"title": "u"}"#,
            1536 * 1024,
            200,
        ),
        (
            Method::POST,
            poll.path("/invites"),
            r#"{"count": 1}"#,
            64 * 1024,
            201,
        ),
        (Method::POST, poll.path("/vote"), "{}", 64 * 1024, 422),
    ] {
        let send = |body: Body, length: Option<&str>| {
            let mut request = raw(&path, JSON, body);
            *request.method_mut() = method.clone();
            let headers = request.headers_mut();
            headers.insert("cookie", owner.cookie.as_deref().unwrap().parse().unwrap());
            if let Some(length) = length {
                headers.insert("content-length", length.parse().unwrap());
            }
            app.send(request)
        };
        let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
        let largest = send(padded(max).into(), None).await;
        assert_eq!(largest.status, status, "{path}: {}", largest.text);
        let too_large = send(padded(max + 1).into(), None).await;
        too_large.assert_problem(413, "body_too_large");
        // A content-length above the limit, and a stream without content-length.
        let declared = send("{}".into(), Some("99999999")).await;
        declared.assert_problem(413, "body_too_large");
        let chunk = " ".repeat(1024);
        let chunks = (0..=max / 1024).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
        let stream = Body::from_stream(futures_util::stream::iter(chunks));
        send(stream, None)
            .await
            .assert_problem(413, "body_too_large");
    }
}

/// Each value takes more memory than text.
#[tokio::test]
async fn bodies_with_too_many_values_are_rejected() {
    let app = App::new();
    let list_of = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
    let response = app.send(raw("/api/polls", JSON, list_of(65_536))).await;
    response.assert_problem(422, "invalid_poll");
    let response = app.send(raw("/api/polls", JSON, list_of(65_537))).await;
    response.assert_problem(413, "body_too_large");
}

/// Returns a body that sends this text and then stalls.
fn stalled(text: String) -> Body {
    let start = futures_util::stream::iter([Ok::<_, std::io::Error>(text)]);
    let stream = futures_util::StreamExt::chain(start, futures_util::stream::pending());
    Body::from_stream(stream)
}

/// Clients that send large bodies slowly do not fill the memory. Other bodies still pass.
#[tokio::test]
async fn large_bodies_at_the_same_time_are_limited() {
    let app = App::with(without_creation_limits);
    let create = r#"{"title": "t", "options": ["a", "b"]}"#;
    let large = || format!("{create}{}", " ".repeat(64 * 1024));
    let send = |address: &str, body: Body| {
        let (app, request) = (app.clone(), from(address, raw("/api/polls", JSON, body)));
        async move { app.send(request).await }
    };
    let mut senders = Vec::new();
    let mut begin = |address: &str, text: String| {
        senders.push(tokio::spawn(send(address, stalled(text))));
    };
    // Small beginnings take no place.
    for _ in 0..40 {
        begin("198.51.100.1", "{".to_owned());
    }
    tokio::task::yield_now().await;
    send("198.51.100.1", large().into())
        .await
        .expect_status(201);
    // An address has 4 places, and all addresses have 32.
    for number in 0..8 {
        let address = format!("192.0.2.{number}");
        for _ in 0..4 {
            begin(&address, large());
        }
        tokio::time::timeout(std::time::Duration::from_secs(5), async {
            while send(&address, large().into()).await.status != 429 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        let refused = send(&address, large().into()).await;
        refused.assert_problem(429, "rate_limited");
        refused.header("retry-after");
    }
    let refused = send("198.51.100.1", large().into()).await;
    refused.assert_problem(503, "overloaded");
    refused.header("retry-after");
    // Small bodies pass, also without Content-Length.
    let small = futures_util::stream::iter([Ok::<_, std::io::Error>(create)]);
    for body in [create.into(), Body::from_stream(small)] {
        send("192.0.2.1", body).await.expect_status(201);
    }
    // Bodies that are refused anyway need no place.
    let text = raw("/api/polls", Some("text/plain"), large());
    let refused = app.send(from("198.51.100.1", text)).await;
    refused.assert_problem(415, "unsupported_media_type");
    let refused = send("198.51.100.1", " ".repeat(1536 * 1024 + 1).into()).await;
    refused.assert_problem(413, "body_too_large");
    for sender in senders {
        sender.abort();
        let _ = sender.await;
    }
    send("192.0.2.1", large().into()).await.expect_status(201);
}

/// A stranger takes no place for large bodies: the body is not read.
#[tokio::test]
async fn the_owner_is_checked_before_the_body_of_a_change() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let mut change = raw(&poll.path(""), JSON, stalled(" ".repeat(65 * 1024)));
    *change.method_mut() = Method::PATCH;
    app.send(change).await.assert_problem(403, "not_owner");
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let app = App::with(|router| router.fallback(true));
    for path in [
        "/nonsense",
        "/api",
        "/api/",
        "/api/nonsense",
        "/api/polls/x/y/z",
        "/%FF%00",
        "/api/%F0%28",
    ] {
        app.get(path).await.assert_problem(404, "not_found");
    }
}

#[tokio::test]
async fn malformed_ids_are_rejected_on_every_path() {
    let app = App::new();
    for id in [
        "1",
        "not-a-uuid",
        "%FF%FE",
        "%00",
        "..%2f..",
        "0190-",
        "%E2%82",
    ] {
        let path = format!("/api/polls/{id}");
        for suffix in ["", "/vote", "/results", "/stream"] {
            app.get(&format!("{path}{suffix}"))
                .await
                .assert_problem(400, "malformed_id");
        }
        app.post(&format!("{path}/vote"), json!({}))
            .await
            .assert_problem(400, "malformed_id");
        app.send(request(Method::DELETE, &path, None))
            .await
            .assert_problem(400, "malformed_id");
    }
}

#[tokio::test]
async fn unknown_polls_are_not_found_on_every_path() {
    let app = App::new();
    let mut browser = Browser::new(&app);
    let option = "0190b6e2-0000-7000-8000-000000000001";
    let path = "/api/polls/0190b6e2-0000-7000-8000-000000000000";
    for (method, suffix, body) in [
        (Method::GET, "", None),
        (Method::PATCH, "", Some(json!({"title": "x"}))),
        (Method::DELETE, "", None),
        (Method::POST, "/close", None),
        (Method::GET, "/results", None),
        (Method::GET, "/stream", None),
        (Method::GET, "/vote", None),
        (Method::DELETE, "/vote", None),
        (Method::POST, "/vote", Some(json!({"option_id": option}))),
    ] {
        let response = browser.call(method, &format!("{path}{suffix}"), body).await;
        response.assert_problem(404, "poll_not_found");
    }
    assert_eq!(browser.cookie, None, "an unknown poll starts no session");
}

#[tokio::test]
async fn unsupported_methods_return_the_allowed_ones() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    for (method, path, allowed) in [
        (Method::PUT, "/api/polls".to_owned(), "GET,HEAD,POST"),
        (Method::POST, poll.path(""), "DELETE,GET,HEAD,PATCH"),
        (Method::PUT, poll.path("/vote"), "DELETE,GET,HEAD,POST"),
        (Method::GET, poll.path("/close"), "POST"),
        (Method::POST, "/api/trending".to_owned(), "GET,HEAD"),
        (Method::POST, "/healthz".to_owned(), "GET,HEAD"),
    ] {
        let response = app.send(request(method, &path, None)).await;
        response.assert_problem(405, "method_not_allowed");
        let mut methods: Vec<&str> = response.header("allow").split(',').map(str::trim).collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allowed, "{path}");
    }
}
