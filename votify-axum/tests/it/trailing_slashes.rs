//! A route with a trailing slash answers like the one without.

use axum::Router;
use axum::http::Method;
use serde_json::{Value, json};

use crate::app::{App, TestResponse, open_router, without_creation_limits};
use crate::browser::{Browser, CreatedPoll};
use crate::endpoints::{self, EndpointRequest};
use crate::server::Server;
use crate::snapshots::redacted;
use crate::stream_clients::{EventStream, Socket};

/// The same engine alone, nested below a path, and merged into a host's router.
fn mounts() -> [(App, &'static str); 3] {
    let app = App::with(|router| without_creation_limits(router).vote_rate(None));
    let votify = || without_creation_limits(open_router(app.engine.clone())).vote_rate(None);
    let with_router = |router| App {
        router,
        ..app.clone()
    };
    let nested = Router::new().nest("/tenants/{id}", votify().build());
    let host = Router::new().fallback(async || "the host's own");
    [
        (with_router(votify().build()), ""),
        (with_router(nested), "/tenants/7"),
        (with_router(host.merge(votify().build())), ""),
    ]
}

/// Returns what two calls of one route have in common.
fn comparable(response: &TestResponse, poll: &CreatedPoll) -> (u16, String, String) {
    let content_type = response.headers.get("content-type");
    let content_type = content_type.map_or("", |value| value.to_str().unwrap());
    let body = match serde_json::from_str::<Value>(&response.text) {
        // Each call creates other codes.
        Ok(json) if json.get("invites").is_some() => String::new(),
        Ok(mut json) => {
            remove_values_of_poll(&mut json);
            redacted(json).to_string()
        }
        // Metrics differ from call to call.
        Err(_) if content_type.starts_with("application/openmetrics") => String::new(),
        Err(_) => response.text.replace(&poll.id, "[id]"),
    };
    let location = response.headers.get("location");
    let location = location.map_or("", |value| value.to_str().unwrap());
    let location = location.rsplit_once('/').map_or("", |(path, _)| path);
    let status = response.status.as_u16();
    (status, format!("{content_type} {location}"), body)
}

/// Removes what depends on the poll's id: URLs of pages and tags of voters.
fn remove_values_of_poll(json: &mut Value) {
    match json {
        Value::Object(fields) => {
            fields.remove("url");
            fields.remove("voter");
            fields.values_mut().for_each(remove_values_of_poll);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_values_of_poll),
        _ => {}
    }
}

/// Returns the API of the same engine below no prefix.
fn direct(app: &App) -> App {
    App {
        router: open_router(app.engine.clone()).build(),
        ..app.clone()
    }
}

/// Calls one route as the owner of a new poll.
async fn call(mount: &(App, &str), name: &str, suffix: &str) -> (u16, String, String) {
    let (app, prefix) = mount;
    let direct = direct(app);
    let mut owner = Browser::new(&direct);
    let mut fields = json!({"revote": true});
    if name.ends_with("/invites") {
        fields["voters"] = json!("invite");
    }
    let poll = owner.create_poll(fields).await;
    if !name.ends_with("/invites") {
        owner.vote(&poll, 0).await.expect_status(201);
    }
    owner.app = app.clone();
    let calls = endpoints::all(&direct, &poll).await;
    let named = |call: &&EndpointRequest| call.name == name;
    let call = calls.iter().find(named).unwrap();
    let path = format!("{prefix}{}{suffix}", call.path);
    let response = owner.call(call.method.clone(), &path, call.body.clone());
    comparable(&response.await, &poll)
}

#[tokio::test]
async fn every_endpoint_answers_the_same_with_a_trailing_slash() {
    let names = endpoints::names(&App::new()).await;
    // The body of a stream does not end.
    for name in names.iter().filter(|name| !name.ends_with("/stream")) {
        // Engines of their own, because lists show the polls of both calls.
        for (mount, other) in mounts().iter().zip(&mounts()) {
            let without = call(mount, name, "").await;
            assert!((200..300).contains(&without.0), "{name}: {without:?}");
            assert_eq!(call(other, name, "/").await, without, "{name}");
        }
    }
}

#[tokio::test]
async fn refusals_and_queries_are_the_same_with_a_trailing_slash() {
    for (app, prefix) in mounts() {
        let mut browser = Browser::new(&app);
        for path in [
            "/api",
            "/api/nonsense",
            "/api/polls/7",
            "/api/polls?limit=0",
        ] {
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            let without = browser.get(&format!("{prefix}{path}?{query}")).await;
            let with = browser.get(&format!("{prefix}{path}/?{query}")).await;
            assert!(without.status.is_client_error(), "{path}");
            assert_eq!(with.status, without.status, "{path}");
            assert_eq!(with.text, without.text, "{path}");
        }
        let put = Method::PUT;
        let refused = browser
            .call(put, &format!("{prefix}/api/polls/"), None)
            .await;
        refused.assert_problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn streams_open_with_a_trailing_slash() {
    let server = Server::start(App::new()).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let path = poll.path("/stream/?events=votes");
    let mut socket = Socket::open(&server, &path, &[]).await;
    assert_eq!(socket.next().await["type"], "poll_updated");
    let mut events = EventStream::open(&server, &path, &[]).await;
    assert_eq!(events.next().await.unwrap().name, "poll_updated");
}

/// Monitoring answers under every name, with a slash too.
#[tokio::test]
async fn monitoring_needs_no_known_host_with_a_trailing_slash() {
    let app = App::with(|router| router.allowed_hosts([]));
    for path in ["/healthz", "/readyz", "/metrics", "/api/polls"] {
        for suffix in ["", "/"] {
            let mut request = crate::app::request(Method::GET, &format!("{path}{suffix}"), None);
            request
                .headers_mut()
                .insert("host", "evil.test".parse().unwrap());
            let expected = if path == "/api/polls" { 421 } else { 200 };
            app.send(request).await.expect_status(expected);
        }
    }
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn pages_are_the_same_with_a_trailing_slash() {
    for (app, prefix) in mounts() {
        let paths = ["/votify.js", "/pages/pages.css", "/theme.css"];
        for path in paths {
            let without = app.get(&format!("{prefix}{path}")).await.expect_status(200);
            let with = app
                .get(&format!("{prefix}{path}/"))
                .await
                .expect_status(200);
            assert_eq!(with.text, without.text, "{path}");
            assert_eq!(with.header("content-type"), without.header("content-type"));
        }
    }
}

/// axum passes `/votes/` only to a nested service, not to a nested router.
#[cfg(feature = "ui")]
#[tokio::test]
async fn the_start_page_of_a_nested_service_answers_with_a_trailing_slash() {
    let app = App::new();
    let votify: Router = open_router(app.engine.clone()).build();
    let app = App {
        router: Router::new().nest_service("/votes", votify),
        ..app
    };
    for path in ["/votes", "/votes/"] {
        let page = app.get(path).await.expect_status(200);
        assert!(
            page.text.contains("src=\"/votes/pages/create.js\""),
            "{path}"
        );
    }
    let created = app
        .post(
            "/votes/api/polls/",
            json!({"title": "t", "options": ["a", "b"]}),
        )
        .await
        .expect_status(201);
    app.get(created.header("location")).await.expect_status(200);
}

#[cfg(feature = "docs")]
#[tokio::test]
async fn the_documentation_page_has_one_address() {
    let app = App::new();
    let redirected = app.get("/api/docs").await.expect_status(308);
    assert_eq!(redirected.header("location"), "docs/");
    for file in ["swagger-ui.css", "start.js"] {
        let without = app.get(&format!("/api/docs/{file}")).await;
        let with = app.get(&format!("/api/docs/{file}/")).await;
        assert_eq!(
            with.expect_status(200).text,
            without.expect_status(200).text
        );
    }
}

/// The base path of links is the same, also for another spelling of the poll's id.
#[cfg(feature = "ui")]
#[tokio::test]
async fn links_of_invites_are_the_same_with_a_trailing_slash() {
    let app = crate::invites::app(without_creation_limits);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let upper = poll.id.to_uppercase();
    for path in [
        poll.path("/invites"),
        poll.path("/invites/"),
        format!("/api/polls/{upper}/invites/"),
    ] {
        let created = owner.post(&path, json!({"count": 1})).await;
        let created = created.expect_status(201).json();
        let url = created["invites"][0]["url"].as_str().unwrap();
        let expected = format!("/p/{}?invite=", poll.id);
        assert!(url.starts_with(&expected), "{path}: {url}");
    }
}
