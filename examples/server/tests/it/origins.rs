//! Front ends on other origins.

use reqwest::header::{HOST, HeaderMap, ORIGIN};
use reqwest::{Client, Method, Response};
use serde_json::json;

use crate::program::{SERVE, Server, run, votify};

const FRONT_END: &str = "https://www.example.org";

/// Sends a request of a page of `origin` to the public host.
async fn send(server: &Server, method: Method, path: &str, origin: &str) -> Response {
    let request = Client::new()
        .request(method.clone(), server.url(path))
        .header(HOST, "polls.example")
        .header(ORIGIN, origin);
    let request = match method {
        Method::POST => request.json(&json!({"title": "Lunch?", "options": ["a", "b"]})),
        Method::OPTIONS => request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type"),
        _ => request,
    };
    request.send().await.unwrap()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn only_allowed_origins_use_the_api_with_cookies() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(
        directory.path(),
        &[
            "--store",
            "memory:",
            "--public-url",
            "https://polls.example",
            "--allowed-origins",
            FRONT_END,
        ],
    )
    .await;
    let preflight = send(&server, Method::OPTIONS, "/api/polls", FRONT_END).await;
    let headers = preflight.headers();
    assert_eq!(header(headers, "access-control-allow-origin"), FRONT_END);
    assert_eq!(header(headers, "access-control-allow-credentials"), "true");
    let created = send(&server, Method::POST, "/api/polls", FRONT_END).await;
    assert_eq!(created.status(), 201);
    let cookie = header(created.headers(), "set-cookie");
    let cross_site = "SameSite=None; Partitioned; Secure";
    assert!(cookie.contains(cross_site), "{cookie}");
    let own = send(&server, Method::POST, "/api/polls", "https://polls.example").await;
    assert_eq!(own.status(), 201);
    let cookie = header(own.headers(), "set-cookie");
    assert!(cookie.contains("SameSite=Lax; Secure"), "{cookie}");
    let foreign = "https://evil.example";
    let preflight = send(&server, Method::OPTIONS, "/api/polls", foreign).await;
    assert!(
        !preflight
            .headers()
            .contains_key("access-control-allow-origin")
    );
    let refused = send(&server, Method::POST, "/api/polls", foreign).await;
    assert_eq!(refused.status(), 403);
    server.stop().await;
}

#[tokio::test]
async fn other_sites_without_tls_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    for (url, warned) in [
        ("http://polls.example", true),
        ("https://polls.example", false),
    ] {
        let mut arguments = SERVE.to_vec();
        arguments.extend(["--store", "memory:", "--public-url", url]);
        arguments.extend(["--allowed-origins", FRONT_END]);
        let server = Server::spawn(votify(directory.path(), &arguments)).await;
        server.signal(rustix::process::Signal::TERM);
        let exit = server.wait().await;
        assert_eq!(exit.stderr.contains("--public-url"), warned, "{exit:?}");
    }
    let arguments = ["serve", "--allowed-origins", "www.example.org"];
    let exit = run(&mut votify(directory.path(), &arguments)).await;
    let line = exit.error_line(2);
    assert!(
        line.contains("--allowed-origins") && line.contains("https://example.org"),
        "{line}"
    );
}

#[tokio::test]
async fn listed_origins_may_frame_pages() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = [
        "--store",
        "memory:",
        "--public-url",
        "https://polls.example",
        "--frame-ancestors",
        FRONT_END,
    ];
    let server = Server::start(directory.path(), &arguments).await;
    let page = send(&server, Method::GET, "/", "https://polls.example").await;
    let headers = page.headers();
    let policy = header(headers, "content-security-policy");
    assert!(
        policy.ends_with("frame-ancestors https://www.example.org"),
        "{policy}"
    );
    assert!(!headers.contains_key("x-frame-options"));
    let cookie = header(headers, "set-cookie");
    let cross_site = "SameSite=None; Partitioned; Secure";
    assert!(cookie.contains(cross_site), "{cookie}");
    server.stop().await;
}
