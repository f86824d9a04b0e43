//! The `Host` of requests: exactly one, and a name of this server.

use axum::body::Body;
use axum::http::{Method, Request, Uri, Version};
use serde_json::json;
use votify_axum::VotifyRouter;
use votify_core::Rate;

use crate::app::{App, TestResponse, from, request};
use crate::browser::Browser;
use crate::raw_client::RawClient;
use crate::server::Server;

async fn server(app: App) -> (Server, Vec<String>) {
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let paths = ["", "/results", "/stream"].map(|suffix| poll.path(suffix));
    let others = [
        "/api/polls",
        "/api/openapi.json",
        "/",
        "/api/nonsense",
        "/nonsense",
        "/healthz",
    ];
    let all = paths.into_iter().chain(others.map(str::to_owned)).collect();
    (Server::start(app).await, all)
}

#[tokio::test]
async fn http_1_1_requires_exactly_one_host() {
    let (server, paths) = server(App::with(|router| router.fallback(true))).await;
    for path in paths {
        for hosts in [
            "",
            "host: \r\n",
            "host:\r\n",
            "host: :8080\r\n",
            "host: user:password@localhost:80\r\n",
            "host: localhost:+80\r\n",
            "host: localhost: 80\r\n",
            "host: localhost\r\nhost: localhost\r\n",
            "host: localhost\r\nhost: evil.example\r\n",
            "host: evil.example\r\nHOST: localhost\r\n",
            "host: \r\nhost: localhost\r\n",
            "host: local host\r\n",
            "host: http://localhost\r\n",
            "host: localhost/\r\n",
            "host: user@localhost\r\n",
            "host: localhost, evil.example\r\n",
            "host: localhost:80:80\r\n",
            "host: localhost:x\r\n",
            "host: localhost:65536\r\n",
            "host: [::1\r\n",
            "host: ::1\r\n",
            "host: [polls.test]\r\n",
            "host: \u{e9}.example\r\n",
        ] {
            for method in ["GET", "POST", "OPTIONS"] {
                let request =
                    format!("{method} {path} HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
                let (status, response) = RawClient::exchange(&server, request.as_bytes()).await;
                assert_eq!(status, 400, "{request} {response}");
                assert!(response.contains("\"malformed_host\""), "{response}");
                assert!(!response.contains("set-cookie"), "{response}");
            }
        }
    }
}

/// Checks with a public URL, an allowed origin and an allowed host.
fn named(router: VotifyRouter) -> VotifyRouter {
    router
        .public_url("https://polls.example/app".parse().unwrap())
        .allowed_origins(["https://embed.example:8443".parse().unwrap()])
        .allowed_hosts(["internal:8080", "polls.test"].map(|host| host.parse().unwrap()))
        .fallback(true)
}

const OWN: [&str; 9] = [
    "polls.example",
    "polls.example.",
    "POLLS.example:",
    "polls.example:443",
    "embed.example",
    "internal:8080",
    "localhost:3000",
    "192.0.2.9",
    "[2001:db8::1]:80",
];

const FOREIGN: [&str; 6] = [
    "evil.example",
    "evil.example:443",
    "internal:8081",
    "polls.example.evil.example",
    "localhost.evil.example",
    "192.0.2.9.evil.example",
];

/// Sends a request as a page of the host would.
async fn send_as_page(app: &App, method: Method, path: &str, host: &str) -> TestResponse {
    let body = json!({"title": "t", "options": ["a", "b"]});
    let mut request = request(method, path, Some(body));
    let headers = request.headers_mut();
    headers.insert("host", host.parse().unwrap());
    let origin = format!("http://{host}");
    headers.insert("origin", origin.parse().unwrap());
    app.send(request).await
}

#[tokio::test]
async fn foreign_hosts_are_rejected_on_every_path_before_any_effect() {
    let app = App::with(|router| named(router.session_rate(Rate::per_minute(1))));
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let paths = ["", "/vote", "/results", "/close", "/stream", "/invites"];
    let paths = paths.map(|suffix| poll.path(suffix));
    let others = [
        "/",
        "/p/x",
        "/votify.js",
        "/api",
        "/api/polls",
        "/api/docs",
        "/api/openapi.json",
    ];
    let others = others
        .into_iter()
        .chain(["/nonsense", "/api/trending", "/api/auth/login"]);
    for path in paths.into_iter().chain(others.map(str::to_owned)) {
        for host in FOREIGN {
            for method in [
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PATCH,
                Method::DELETE,
                Method::OPTIONS,
                Method::PUT,
            ] {
                let response = send_as_page(&app, method.clone(), &path, host).await;
                assert_eq!(response.status, 421, "{method} {path} {host}");
                if method != Method::HEAD {
                    let body = response.assert_problem(421, "host_not_allowed");
                    let name = host.split(':').next().unwrap();
                    assert!(body["detail"].as_str().unwrap().contains(name), "{body}");
                }
                for header in [
                    "set-cookie",
                    "ratelimit-limit",
                    "access-control-allow-origin",
                ] {
                    assert!(!response.headers.contains_key(header), "{response:?}");
                }
            }
        }
    }
    assert_eq!(app.total(&poll.id).await, 0);
    let listed = app.get("/api/polls?status=all").await;
    assert_eq!(listed.json()["pagination"]["total"], 1);
    // The rate of new sessions is not used up.
    app.clock.advance(72);
    Browser::new(&app).create_poll(json!({})).await;
}

#[tokio::test]
async fn own_hosts_are_accepted() {
    let app = App::with(named);
    for host in OWN {
        let status = send_as_page(&app, Method::GET, "/api/polls", host)
            .await
            .status;
        assert_eq!(status, 200, "{host}");
    }
    for host in [
        "internal:8080",
        "localhost:3000",
        "192.0.2.9",
        "[2001:db8::1]:80",
    ] {
        let status = send_as_page(&app, Method::POST, "/api/polls", host)
            .await
            .status;
        assert_eq!(status, 201, "{host}");
    }
}

#[tokio::test]
async fn monitoring_answers_under_every_name() {
    let app = App::with(named);
    for host in FOREIGN {
        for path in ["/healthz", "/healthz/", "/readyz", "/metrics"] {
            let response = send_as_page(&app, Method::GET, path, host).await;
            assert_eq!(response.status, 200, "{path} {host}");
        }
        for path in ["//healthz", "/healthz//", "/%68ealthz", "/api/healthz"] {
            let response = send_as_page(&app, Method::GET, path, host).await;
            assert_eq!(response.status, 421, "{path} {host}");
        }
    }
}

/// The host of an embedding app is not checked until it names one.
#[tokio::test]
async fn without_names_every_host_is_accepted() {
    let origins = ["https://embed.example".parse().unwrap()];
    for app in [
        App::new(),
        App::with(|router| router.allowed_origins(origins)),
        App::with(|router| router.allowed_hosts(["*".parse().unwrap()])),
    ] {
        for host in FOREIGN {
            let response = send_as_page(&app, Method::POST, "/api/polls", host).await;
            assert_eq!(response.status, 201, "{host}");
        }
    }
    let app = App::with(|router| router.allowed_hosts([]));
    let response = send_as_page(&app, Method::GET, "/api/polls", "evil.example").await;
    response.assert_problem(421, "host_not_allowed");
}

/// A proxy, HTTP/2 and HTTP/3 name the host in the target.
#[tokio::test]
async fn hosts_in_the_target_are_checked_too() {
    let app = App::with(named);
    let (own, evil) = ("polls.example", "evil.example");
    for (version, target, header, status) in [
        (Version::HTTP_11, Some(own), Some(own), 200),
        (Version::HTTP_11, Some(evil), Some(own), 421),
        (Version::HTTP_11, Some(own), Some(evil), 421),
        (Version::HTTP_11, Some(evil), Some(evil), 421),
        (Version::HTTP_11, Some(own), None, 400),
        (Version::HTTP_11, Some("u@polls.example"), Some(own), 400),
        (Version::HTTP_11, None, None, 400),
        (Version::HTTP_10, None, None, 200),
        (Version::HTTP_10, None, Some(evil), 421),
        (Version::HTTP_10, Some(evil), None, 421),
        (Version::HTTP_2, Some(own), None, 200),
        (Version::HTTP_2, Some(evil), None, 421),
        (Version::HTTP_2, Some(evil), Some(own), 421),
        (Version::HTTP_2, Some(own), Some(evil), 421),
        (Version::HTTP_3, Some(own), Some(own), 200),
    ] {
        let uri = match target {
            Some(target) => format!("https://{target}/api/polls"),
            None => "/api/polls".to_owned(),
        };
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri.parse::<Uri>().unwrap();
        *request.version_mut() = version;
        if let Some(header) = header {
            request
                .headers_mut()
                .insert("host", header.parse().unwrap());
        }
        let response = app.send(from("192.0.2.1", request)).await;
        let case = format!("{version:?} {target:?} {header:?}");
        assert_eq!(response.status, status, "{case}: {}", response.text);
    }
}

/// The origin of a page is compared with the host in the target.
#[tokio::test]
async fn the_host_in_the_target_counts_for_origins() {
    let app = App::new();
    for (origin, status) in [("http://a.test", 201), ("http://b.test", 403)] {
        let body = json!({"title": "t", "options": ["a", "b"]});
        let mut request = request(Method::POST, "http://a.test/api/polls", Some(body));
        let headers = request.headers_mut();
        headers.insert("host", "b.test".parse().unwrap());
        headers.insert("origin", origin.parse().unwrap());
        assert_eq!(app.send(request).await.status, status, "{origin}");
    }
}

/// Streams over real sockets, nested below a path of the host.
#[tokio::test]
async fn streams_of_foreign_hosts_are_rejected() {
    let mut app = App::with(named);
    let poll = Browser::new(&app).create_poll(json!({})).await;
    app.router = axum::Router::new().nest("/votes", app.router);
    let server = Server::start(app).await;
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let own = server.address.to_string();
    for (host, expected) in [("evil.example", 421), (own.as_str(), 101)] {
        let head = format!(
            "GET /votes{} HTTP/1.1\r\nhost: {host}\r\n",
            poll.path("/stream")
        );
        let mut web_socket = RawClient::connect(&server).await;
        web_socket
            .write(format!("{head}{upgrade}\r\n").as_bytes())
            .await;
        assert_eq!(web_socket.status().await, expected, "{host}");
        let mut events = RawClient::connect(&server).await;
        events
            .write(format!("{head}accept: text/event-stream\r\n\r\n").as_bytes())
            .await;
        let expected = if expected == 101 { 200 } else { expected };
        assert_eq!(events.status().await, expected, "{host}");
    }
}
