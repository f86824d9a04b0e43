//! Responses that clients do not read.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use votify_axum::VotifyRouter;

use crate::app::{App, TestResponse, from, request};
use crate::browser::{Browser, CreatedPoll};
use crate::raw_client::RawClient;
use crate::server::Server;

const MIB: usize = 1 << 20;

/// Builds an app with these limits in MiB, without rate limits.
fn app(total: usize, per_address: usize) -> App {
    App::with(|router: VotifyRouter| {
        router
            .vote_rate(None)
            .response_memory(total * MIB)
            .response_memory_per_address(per_address * MIB)
    })
}

/// Creates a poll whose response has about 28 KB.
async fn create_large_poll(owner: &mut Browser) -> CreatedPoll {
    let options: Vec<String> = (100..200)
        .map(|n| format!("{n} {}", "o".repeat(180)))
        .collect();
    owner.create_poll(json!({"options": options})).await
}

/// Requests `path` from an address and leaves the response unread.
async fn unread(app: &App, address: &str, path: &str) -> Response {
    let request = from(address, request(Method::GET, path, None));
    app.router.clone().oneshot(request).await.unwrap()
}

async fn read(response: Response) -> TestResponse {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    TestResponse {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// Returns the counted bytes, from the metrics.
async fn counted(app: &App) -> usize {
    let metrics = app.get("/metrics").await.text;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("votify_response_bytes "));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

/// Leaves responses unread until one is rejected, and returns both.
async fn fill(app: &App, address: &str, path: &str) -> (Vec<Response>, TestResponse) {
    let mut held = Vec::new();
    loop {
        let response = unread(app, address, path).await;
        if response.status() != StatusCode::OK {
            return (held, read(response).await);
        }
        held.push(response);
        assert!(held.len() < 10_000, "no response is rejected");
    }
}

#[tokio::test]
async fn four_hundred_unread_lists_share_their_polls() {
    let app = app(64, 8);
    let mut owner = Browser::new(&app);
    for _ in 0..20 {
        create_large_poll(&mut owner).await;
    }
    let path = "/api/polls?include=options&limit=20";
    let mut held = Vec::new();
    for n in 0..400 {
        let address = format!("192.0.2.{}", n % 4);
        let response = unread(&app, &address, path).await;
        assert_eq!(response.status(), 200);
        held.push(response);
    }
    let size = read(held.pop().unwrap()).await.text.len();
    let counted_bytes = counted(&app).await;
    assert!(
        counted_bytes <= size && counted_bytes > 500_000,
        "{counted_bytes} of {size}"
    );
    drop(held);
    assert_eq!(counted(&app).await, 0);
}

/// Every path is a list of its own with the same polls.
#[tokio::test]
async fn lists_of_one_request_each_are_limited() {
    let app = app(64, 8);
    let mut owner = Browser::new(&app);
    for _ in 0..20 {
        create_large_poll(&mut owner).await;
    }
    let words = [
        "lunch",
        "lunc",
        "lun",
        "lu",
        "l",
        "lunch+lun",
        "lunch+l",
        "lun+l",
        "lu+l",
    ];
    let (mut held, mut rejected) = (Vec::new(), 0);
    for word in words {
        for sort in ["newest", "closing", "trending"] {
            let path = format!("/api/polls?include=options&q={word}&sort={sort}");
            let response = unread(&app, "192.0.2.1", &path).await;
            match response.status().as_u16() {
                200 => held.push(response),
                429 => rejected += 1,
                status => panic!("{status}"),
            }
        }
    }
    let used = counted(&app).await;
    assert!(used > 7 * MIB && used <= 8 * MIB, "{used}");
    assert!(held.len() > 10 && rejected > 5, "{} {rejected}", held.len());
    drop(held);
    assert_eq!(counted(&app).await, 0);
}

#[tokio::test]
async fn an_address_beyond_its_limit_gets_429_and_others_do_not() {
    let app = app(64, 2);
    let poll = create_large_poll(&mut Browser::new(&app)).await;
    for path in [poll.path(""), poll.path("/results")] {
        let (mut held, rejected) = fill(&app, "2001:db8::1", &path).await;
        rejected.assert_problem(429, "rate_limited");
        assert!(rejected.headers.contains_key("retry-after"));
        let used = counted(&app).await;
        assert!(used <= 2 * MIB && used > 2 * MIB - 40_000, "{used}");
        // A /64 block counts as one address.
        let same = unread(&app, "2001:db8::2", &path).await;
        assert_eq!(same.status(), 429);
        let other = unread(&app, "2001:db8:0:1::1", &path).await;
        assert_eq!(other.status(), 200);
        held.pop();
        let again = unread(&app, "2001:db8::1", &path).await;
        assert_eq!(again.status(), 200);
        drop((held, other, again));
        assert_eq!(counted(&app).await, 0);
    }
    let metrics = app.get("/metrics").await.text;
    assert!(
        metrics.contains("votify_responses_rejected_total 4\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn beyond_the_limit_of_all_addresses_large_responses_get_503_and_votes_count() {
    let app = app(2, 2);
    let mut owner = Browser::new(&app);
    let poll = create_large_poll(&mut owner).await;
    let small = owner.create_poll(json!({})).await;
    let (held, _) = fill(&app, "192.0.2.7", &poll.path("")).await;
    let rejected = read(unread(&app, "192.0.2.8", &poll.path("")).await).await;
    rejected.assert_problem(503, "overloaded");
    assert!(rejected.headers.contains_key("retry-after"));
    for poll in [&poll, &small] {
        Browser::new(&app).vote(poll, 0).await.expect_status(201);
    }
    app.get(&small.path("")).await.expect_status(200);
    app.get("/api/openapi.json").await.expect_status(200);
    // A change is rejected before it is made.
    let change = json!({"title": "Changed?", "closes_at": app.clock.after(60)});
    let response = owner
        .call(Method::PATCH, &poll.path(""), Some(change))
        .await;
    response.assert_problem(503, "overloaded");
    let closed = owner.call(Method::POST, &poll.path("/close"), None).await;
    closed.assert_problem(503, "overloaded");
    drop(held);
    let details = app.get(&poll.path("")).await.json();
    assert_eq!(details["poll"]["status"], "open");
    assert_ne!(details["poll"]["title"], "Changed?");
    let closed = owner.call(Method::POST, &poll.path("/close"), None).await;
    closed.expect_status(200);
    assert_eq!(counted(&app).await, 0);
}

#[tokio::test]
async fn creations_and_invites_are_rejected_before_they_are_made() {
    let app = app(2, 2);
    let mut owner = Browser::new(&app);
    let poll = create_large_poll(&mut owner).await;
    let invited = owner.create_poll(json!({"voters": "invite"})).await;
    let (held, _) = fill(&app, "192.0.2.1", &poll.path("")).await;
    let body = json!({"title": "t", "options": ["a", "b"]});
    let created = app.post("/api/polls", body).await;
    created.assert_problem(429, "rate_limited");
    let (path, count) = (invited.path("/invites"), json!({"count": 9_000}));
    let invites = owner.post(&path, count.clone());
    invites.await.assert_problem(429, "rate_limited");
    drop(held);
    let listed = app.get("/api/polls?status=all").await.json();
    assert_eq!(listed["pagination"]["total"], 1);
    let invites = owner.post(&path, count);
    let invites = invites.await.expect_status(201).json();
    assert_eq!(invites["invites"].as_array().unwrap().len(), 9_000);
}

/// hyper drops the body after its last frame, and holds the frame until it is sent.
#[tokio::test]
async fn bytes_count_until_they_are_dropped() {
    let app = app(64, 8);
    let mut owner = Browser::new(&app);
    let poll = create_large_poll(&mut owner).await;
    for _ in 0..3 {
        create_large_poll(&mut owner).await;
    }
    for path in [poll.path(""), "/api/polls?include=options".to_owned()] {
        let mut body: Body = unread(&app, "192.0.2.1", &path).await.into_body();
        let mut frames = Vec::new();
        while let Some(frame) = body.frame().await {
            frames.push(frame.unwrap().into_data().unwrap());
        }
        drop(body);
        assert!(counted(&app).await > 20_000, "{path}");
        let piece = frames
            .iter()
            .map(|frame| frame.slice(..1))
            .collect::<Vec<_>>();
        drop(frames);
        assert!(
            counted(&app).await > 20_000,
            "{path}: a part holds the whole"
        );
        drop(piece);
        assert_eq!(counted(&app).await, 0, "{path}");
    }
}

#[tokio::test]
async fn what_all_clients_share_is_not_counted() {
    let app = app(2, 2);
    let mut paths = vec!["/api/openapi.json"];
    #[cfg(feature = "ui")]
    paths.push("/votify.js");
    #[cfg(feature = "docs")]
    paths.extend(["/api/docs/swagger-ui-bundle.js", "/api/docs/swagger-ui.css"]);
    let mut held = Vec::new();
    for path in paths {
        for _ in 0..30 {
            let response = unread(&app, "192.0.2.1", path).await;
            assert_eq!(response.status(), 200, "{path}");
            held.push(response);
        }
    }
    assert_eq!(counted(&app).await, 0);
}

#[tokio::test]
async fn pages_of_other_origins_may_read_the_rejection() {
    let app = App::with(|router| {
        router
            .response_memory(2 * MIB)
            .allowed_origins(["https://www.example.org".parse().unwrap()])
    });
    let poll = create_large_poll(&mut Browser::new(&app)).await;
    let (held, _) = fill(&app, "192.0.2.1", &poll.path("")).await;
    let mut request = request(Method::GET, &poll.path(""), None);
    let origin = "https://www.example.org".parse().unwrap();
    request.headers_mut().insert("origin", origin);
    let rejected = app.send(request).await;
    rejected.assert_problem(503, "overloaded");
    let allowed = rejected.header("access-control-allow-origin");
    assert_eq!(allowed, "https://www.example.org");
    drop(held);
}

#[tokio::test]
async fn a_disconnect_releases_the_bytes() {
    let app = app(64, 8);
    let mut owner = Browser::new(&app);
    for _ in 0..40 {
        create_large_poll(&mut owner).await;
    }
    let server = Server::start(app).await;
    let path = "/api/polls?include=options&page=2&limit=20";
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = RawClient::connect(&server).await;
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
        client.write(head.as_bytes()).await;
        assert_eq!(client.status().await, 200);
        clients.push(client);
    }
    let before = counted(&server.app).await;
    drop(clients);
    let waiting = async {
        while counted(&server.app).await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(crate::server::TIMEOUT, waiting)
        .await
        .unwrap();
    // What the kernel's buffers hold is sent: with large buffers, everything.
    eprintln!("{before} bytes were waiting");
}

#[tokio::test]
async fn small_responses_are_never_rejected() {
    let app = app(2, 2);
    let mut owner = Browser::new(&app);
    let poll = create_large_poll(&mut owner).await;
    let (held, _) = fill(&app, "192.0.2.1", &poll.path("")).await;
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/trending",
        "/api/polls",
    ] {
        app.get(path).await.expect_status(200);
    }
    let missing: Value = app.get("/api/polls/x").await.json();
    assert_eq!(missing["status"], 400);
    drop(held);
}
