use axum::http::Method;
use serde_json::json;

use crate::app::{App, TestResponse};
use crate::browser::Browser;

async fn make_from(app: &App, origin: &str, host: &str) -> TestResponse {
    let body = json!({"title": "t", "options": ["a", "b"]});
    let headers = [("origin", origin), ("host", host)];
    Browser::new(app)
        .call_with(Method::POST, "/api/polls", Some(body), &headers)
        .await
}

/// Sends a WebSocket handshake in process, up to the origin check.
async fn watch_from(app: &App, path: &str, origin: &str) -> TestResponse {
    let headers = [
        ("origin", origin),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    Browser::new(app)
        .call_with(Method::GET, path, None, &headers)
        .await
}

#[tokio::test]
async fn pages_of_the_same_host_may_write() {
    let app = App::new();
    for (origin, host) in [
        ("http://polls.test", "polls.test"),
        ("https://polls.test", "polls.test"),
        ("https://POLLS.test", "polls.TEST"),
        ("https://polls.test", "polls.test:443"),
        ("http://polls.test", "polls.test:80"),
        ("http://polls.test:8080", "polls.test:8080"),
        ("http://polls.test.", "polls.test."),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://127.0.0.1:3000", "127.0.0.1:3000"),
    ] {
        assert_eq!(
            make_from(&app, origin, host).await.status,
            201,
            "{origin} at {host}"
        );
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_not_write() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    for (origin, host) in [
        ("null", "polls.test"),
        ("", "polls.test"),
        ("https://evil.test", "polls.test"),
        ("https://polls.test.evil.test", "polls.test"),
        ("https://evilpolls.test", "polls.test"),
        ("https://polls.test.", "polls.test"),
        ("https://polls.test", "polls.test."),
        ("https://polls.test:8443", "polls.test"),
        ("http://polls.test", "polls.test:443"),
        ("https://polls.test:443:1", "polls.test"),
        ("https://polls.test/", "polls.test"),
        ("https://polls.test#@evil.test", "polls.test"),
        ("https://user@polls.test", "polls.test"),
        ("https://evil.test@polls.test:443", "polls.test:443"),
        ("file://polls.test", "polls.test"),
        ("chrome-extension://polls.test", "polls.test"),
        ("polls.test", "polls.test"),
        ("https://polls.test, https://evil.test", "polls.test"),
        ("https://", "polls.test"),
    ] {
        let response = make_from(&app, origin, host).await;
        assert_eq!(response.status, 403, "{origin:?} at {host}");
        response.assert_problem(403, "origin_not_allowed");
    }
    let listed = app.get("/api/polls?status=all").await.json();
    assert_eq!(listed["pagination"]["total"], 1);
    let headers = [("origin", "https://evil.test")];
    for (method, path) in [
        (Method::POST, poll.path("/vote")),
        (Method::DELETE, poll.path("/vote")),
        (Method::DELETE, poll.path("")),
        (Method::POST, poll.path("/close")),
        (Method::PATCH, poll.path("")),
    ] {
        let response = Browser::new(&app)
            .call_with(method, &path, Some(json!({})), &headers)
            .await;
        response.assert_problem(403, "origin_not_allowed");
    }
    watch_from(&app, &poll.path("/stream"), "https://evil.test")
        .await
        .assert_problem(403, "origin_not_allowed");
    watch_from(&app, &poll.path("/stream"), "null")
        .await
        .assert_problem(403, "origin_not_allowed");
    let read = Browser::new(&app)
        .call_with(Method::GET, &poll.path(""), None, &headers)
        .await
        .expect_status(200);
    assert!(
        !read.headers.contains_key("access-control-allow-origin"),
        "a page of another origin cannot read the response"
    );
}

#[tokio::test]
async fn the_public_url_and_allowed_origins_may_write() {
    let app = App::with(|router| {
        router
            .public_url("https://polls.example/app".parse().unwrap())
            .allowed_origins(["https://embed.example:8443".parse().unwrap()])
            .allowed_hosts(["internal".parse().unwrap(), "polls.test".parse().unwrap()])
    });
    for origin in [
        "https://polls.example",
        "https://embed.example:8443",
        "http://internal:8080",
    ] {
        assert_eq!(
            make_from(&app, origin, "internal:8080").await.status,
            201,
            "{origin}"
        );
    }
    for origin in [
        "http://polls.example",
        "https://polls.example:444",
        "https://embed.example",
        "http://embed.example:8443",
    ] {
        make_from(&app, origin, "internal:8080")
            .await
            .assert_problem(403, "origin_not_allowed");
    }
    // The public URL fixes the scheme for its host.
    make_from(&app, "http://polls.example", "polls.example")
        .await
        .assert_problem(403, "origin_not_allowed");
    // So does it for the same name with the dot of the DNS root.
    for origin in [
        "http://polls.example.",
        "https://polls.example.",
        "http://polls.example.:80",
    ] {
        let host = origin.split_once("://").unwrap().1;
        make_from(&app, origin, host)
            .await
            .assert_problem(403, "origin_not_allowed");
    }
    let preflight = [
        ("origin", "https://embed.example:8443"),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "content-type,idempotency-key",
        ),
    ];
    let response = Browser::new(&app)
        .call_with(Method::OPTIONS, "/api/polls", None, &preflight)
        .await
        .expect_status(200);
    assert_eq!(
        response.header("access-control-allow-origin"),
        "https://embed.example:8443"
    );
    assert_eq!(response.header("access-control-allow-credentials"), "true");
}

#[test]
fn invalid_urls_and_origins_are_rejected() {
    use votify_axum::{Origin, PublicUrl};
    for bad in [
        "",
        "polls.test",
        "ftp://polls.test",
        "https://polls.test/path",
        "https://",
        "https://a:b",
        "https://*.polls.test",
        "https://polls.test;a",
        "https://polls'test",
        "null",
    ] {
        assert!(bad.parse::<Origin>().is_err(), "{bad}");
    }
    for bad in [
        "",
        "/path",
        "ftp://polls.test",
        "https://polls.test?x=1",
        "https://u@polls.test",
    ] {
        assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
    }
    let url: PublicUrl = "https://Polls.test:443/a/b/".parse().unwrap();
    assert_eq!(
        (url.to_string().as_str(), url.path()),
        ("https://polls.test/a/b", "/a/b")
    );
}
