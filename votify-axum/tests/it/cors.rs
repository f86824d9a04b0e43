//! Pages of allowed origins can read every answer, also those that come before any route.

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::{App, TestResponse, request};
use crate::failures::Panics;

const ALLOWED: &str = "https://embed.example:8443";

fn app() -> App {
    App::with(|router| {
        router
            .public_url("https://polls.example".parse().unwrap())
            .allowed_origins([ALLOWED.parse().unwrap()])
            .allowed_hosts(["polls.test".parse().unwrap()])
            .identity(Panics)
            .fallback(true)
    })
}

async fn send(
    app: &App,
    method: &Method,
    path: &str,
    body: Option<&Value>,
    headers: &[(&'static str, &str)],
) -> TestResponse {
    let mut request = request(method.clone(), path, body.cloned());
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    app.send(request).await
}

#[tokio::test]
async fn allowed_origins_can_read_every_refusal() {
    let app = app();
    let long = json!({"title": "x".repeat(1_600_000)});
    for (method, path, body, headers, status) in [
        (
            Method::GET,
            "/api/polls",
            None,
            &[("host", "local host")][..],
            400,
        ),
        (
            Method::GET,
            "/api/polls",
            None,
            &[("host", "evil.example")],
            421,
        ),
        (
            Method::POST,
            "/api/polls",
            None,
            &[("host", "evil.example")],
            421,
        ),
        (
            Method::GET,
            "/api/polls",
            None,
            &[("transfer-encoding", "gzip, chunked")],
            400,
        ),
        (Method::GET, "/api/polls", None, &[("x-panic", "1")], 500),
        (Method::POST, "/api/polls", Some(&long), &[], 413),
        (Method::GET, "/nonsense", None, &[], 404),
        (Method::PUT, "/api/polls", None, &[], 405),
    ] {
        let case = format!("{method} {path} {headers:?}");
        let mut all = headers.to_vec();
        all.push(("origin", ALLOWED));
        let response = send(&app, &method, path, body, &all).await;
        assert_eq!(response.status, status, "{case}");
        assert_eq!(
            response.header("access-control-allow-origin"),
            ALLOWED,
            "{case}"
        );
        assert_eq!(
            response.header("access-control-allow-credentials"),
            "true",
            "{case}"
        );
        let exposed = response.header("access-control-expose-headers");
        assert!(exposed.contains("retry-after"), "{case}: {exposed}");
        assert!(response.header("vary").contains("origin"), "{case}");

        for foreign in ["https://evil.example", "https://embed.example", "null", ""] {
            all.pop();
            all.push(("origin", foreign));
            let response = send(&app, &method, path, body, &all).await;
            let allowed = response.headers.get("access-control-allow-origin");
            assert_eq!(allowed, None, "{case} {foreign}");
        }
    }
}

/// Without allowed origins nothing is sent, and two origins are none.
#[tokio::test]
async fn no_other_page_is_allowed() {
    let host = ("host", "evil.example");
    let named = App::with(|router| router.allowed_hosts([]));
    let headers = [host, ("origin", ALLOWED)];
    let response = send(&named, &Method::GET, "/api/polls", None, &headers).await;
    response.assert_problem(421, "host_not_allowed");
    assert!(!response.headers.contains_key("access-control-allow-origin"));
    let mut two = request(Method::GET, "/api/polls", None);
    two.headers_mut()
        .insert("host", "evil.example".parse().unwrap());
    for _ in 0..2 {
        two.headers_mut().append("origin", ALLOWED.parse().unwrap());
    }
    let response = app().send(two).await;
    assert_eq!(response.status, 421);
    assert!(!response.headers.contains_key("access-control-allow-origin"));
}

/// A preflight to a foreign host fails.
#[tokio::test]
async fn preflights_to_foreign_hosts_are_rejected() {
    let headers = [
        ("host", "evil.example"),
        ("origin", ALLOWED),
        ("access-control-request-method", "POST"),
    ];
    let response = send(&app(), &Method::OPTIONS, "/api/polls", None, &headers).await;
    response.assert_problem(421, "host_not_allowed");
    assert!(
        !response
            .headers
            .contains_key("access-control-allow-methods")
    );
}
