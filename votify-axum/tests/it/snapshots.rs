//! Snapshots of the public formats: the OpenAPI document, problem bodies and stream
//! frames.
//!
//! A difference fails the test and writes nothing (`INSTA_UPDATE` in
//! `.cargo/config.toml`). After an intended change: `INSTA_UPDATE=always cargo nextest
//! run -p votify-axum --all-features snapshots`.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value, json};
use votify_core::Rate;

use crate::app::App;
use crate::browser::Browser;
use crate::failing_store::{FailingStore, Fault};
use crate::server::Server;
use crate::stream_clients::{EventStream, Socket};

const BALLOT: &str = "0190b6e2-1111-4000-8000-00000000000a";

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// Replaces UUIDs by `[id]`, timestamps by `[time]`, and the fields that change between
/// runs.
fn redact(value: &mut Value) {
    match value {
        Value::String(text) if text.parse::<uuid::Uuid>().is_ok() => *value = json!("[id]"),
        Value::String(text) if is_timestamp(text) => *value = json!("[time]"),
        Value::String(text) if text.contains("retry after ") => redact_wait(text),
        Value::Object(fields) => {
            for (name, field) in fields {
                match name.as_str() {
                    "retry_after" => *field = json!("[seconds]"),
                    "viewers" => *field = json!("[viewers]"),
                    "join_code" if field.is_string() => *field = json!("[code]"),
                    _ => redact(field),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(redact),
        _ => {}
    }
}

/// Replaces the number of seconds at the end of a detail, which may be random.
fn redact_wait(text: &mut String) {
    let wait = text.rfind("retry after ").unwrap_or_default();
    text.truncate(wait);
    text.push_str("retry after [seconds] s");
}

fn is_timestamp(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T'
}

pub fn redacted(mut value: Value) -> Value {
    redact(&mut value);
    value
}

#[cfg(feature = "accounts")]
#[tokio::test]
async fn openapi_document() {
    let app = crate::accounts::harness::app();
    let mut document = app.get("/api/openapi.json").await.expect_status(200).json();
    document["info"]["version"] = json!("[version]");
    insta::assert_snapshot!(pretty(&document));
}

/// Problem bodies by code. Codes that need a special setup have tests of their own.
#[tokio::test]
async fn problem_bodies() {
    let app = App::with(|router| router.session_rate(None));
    let mut problems = BTreeMap::new();
    let mut add = |problem: crate::app::TestResponse| {
        let body = problem.json();
        assert_eq!(body["status"], problem.status.as_u16());
        problems.insert(body["code"].as_str().unwrap().to_owned(), redacted(body));
    };
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let unknown = "/api/polls/0190b6e2-0000-7000-8000-000000000000";

    add(app.get("/api/polls/7").await);
    add(app.get("/api/nonsense").await);
    add(app.get(unknown).await);
    add(app.get(&poll.path("/vote")).await);
    add(app.get("/api/polls?limit=0&x=1").await);
    add(app.post(&poll.path(""), json!({})).await);
    add(app.post("/api/polls", json!({"title": "", "x": 1})).await);
    add(app.post(&poll.path("/vote"), json!({"x": 1})).await);
    add(app.post(&poll.path("/close"), json!({})).await);
    add(owner
        .post(&poll.path("/invites"), json!({"count": 1}))
        .await);

    let text = |content_type: &str, body: String| {
        let mut request = crate::app::request(Method::POST, "/api/polls", None);
        let headers = request.headers_mut();
        headers.insert("content-type", content_type.parse().unwrap());
        *request.body_mut() = axum::body::Body::from(body);
        request
    };
    add(app.send(text("application/json", "{".to_owned())).await);
    add(app.send(text("text/plain", "{}".to_owned())).await);
    let long = " ".repeat(1536 * 1024 + 1);
    add(app.send(text("application/json", long)).await);
    let mut without_host = crate::app::request(Method::GET, "/api/polls", None);
    without_host.headers_mut().remove("host");
    add(app.send(without_host).await);
    let named = App::with(|router| router.allowed_hosts([]));
    add(named.get("/api/polls").await);
    let origin = [("origin", "https://evil.test")];
    add(owner
        .call_with(Method::POST, "/api/polls", Some(json!({})), &origin)
        .await);

    owner.vote_as(&poll, 0, BALLOT).await.expect_status(201);
    add(owner.vote(&poll, 1).await);
    add(owner.vote_as(&poll, 1, BALLOT).await);
    add(owner.call(Method::DELETE, &poll.path("/vote"), None).await);
    let frozen = Some(json!({"revote": true}));
    add(owner.call(Method::PATCH, &poll.path(""), frozen).await);
    owner
        .post(&poll.path("/close"), json!({}))
        .await
        .expect_status(200);
    add(Browser::with_address(&app, "192.0.2.2")
        .vote(&poll, 0)
        .await);
    let scheduled = owner
        .create_poll(json!({"opens_at": app.clock.after(60)}))
        .await;
    let mut early = owner.vote(&scheduled, 0).await.json();
    early["detail"] = json!("[detail with time]");
    let code = early["code"].as_str().unwrap().to_owned();
    let by_invite = owner.create_poll(json!({"voters": "invite"})).await;
    let mut add = |problem: crate::app::TestResponse| {
        let body = problem.json();
        problems.insert(body["code"].as_str().unwrap().to_owned(), redacted(body));
    };
    add(owner.vote(&by_invite, 0).await);
    add(owner
        .post(&by_invite.path("/invites"), json!({"count": 0}))
        .await);
    let with_quota = json!({"address_quota": {"ballots": 1}});
    let with_quota = owner.create_poll(with_quota).await;
    owner.vote(&with_quota, 0).await.expect_status(201);
    add(Browser::new(&app).vote(&with_quota, 0).await);
    problems.insert(code, early);

    let store = FailingStore::default();
    let app = App::over(store.clone(), |router| {
        router.vote_rate(Some(Rate::per_minute(1)))
    });
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let mut add = |problem: crate::app::TestResponse| {
        let body = problem.json();
        problems.insert(body["code"].as_str().unwrap().to_owned(), redacted(body));
    };
    Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    add(Browser::new(&app).vote(&poll, 0).await);
    store.set(Fault::Unavailable);
    add(app.get(&poll.path("")).await);
    store.set(Fault::Corrupt);
    add(app.get(&poll.path("")).await);
    store.set(Fault::None);
    app.engine.shutdown().await;
    add(Browser::with_address(&app, "192.0.2.3")
        .vote(&poll, 0)
        .await);

    insta::assert_snapshot!(pretty(&json!(problems)));
}

#[cfg(feature = "accounts")]
#[tokio::test]
async fn account_problem_bodies() {
    use crate::accounts::harness::{PASSWORD, app, credentials};

    let app = app();
    let token = app.token_of("ada").await;
    let register = "/api/auth/register";
    let problems = [
        app.post(register, json!({"name": ""})).await,
        app.post(register, credentials("ada", PASSWORD)).await,
        app.log_in("ada", "wrong horse").await,
        app.get("/api/auth/me").await,
        app.send(crate::accounts::harness::with_bearer(
            &token,
            axum::http::Method::POST,
            "/api/auth/password",
            Some(json!({"current_password": "wrong horse", "new_password": "battery staple"})),
        ))
        .await,
    ];
    let problems = problems.map(|problem| redacted(problem.json()));
    insta::assert_snapshot!(pretty(&json!(problems)));
}

/// One frame of every type, over a WebSocket.
#[tokio::test]
async fn socket_frames() {
    let server = Server::start(App::unlimited()).await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.create_poll(json!({})).await;
    let cookie = [("cookie", owner.cookie.as_deref().unwrap())];
    let path = Server::stream_path(&poll, "?events=votes");
    let mut socket = Socket::open(&server, &path, &cookie).await;
    let mut frames = vec![socket.next_of("poll_updated").await];
    let vote = json!({"type": "vote", "request_id": "a", "option_id": poll.options[0]});
    socket.send(vote.clone()).await;
    frames.push(socket.next_of("vote_confirmed").await);
    Browser::new(&server.app)
        .vote(&poll, 1)
        .await
        .expect_status(201);
    frames.push(
        socket
            .next_where(|frame| frame["type"] == "vote_submitted" && frame["revision"] == 2)
            .await,
    );
    socket.send(vote).await;
    frames.push(socket.next_of("vote_rejected").await);
    socket.send(json!({"type": "nonsense"})).await;
    frames.push(socket.next_of("error").await);
    let title = Some(json!({"title": "Dinner?"}));
    owner
        .call(Method::PATCH, &poll.path(""), title)
        .await
        .expect_status(200);
    frames.push(socket.next_of("poll_changed").await);
    owner
        .post(&poll.path("/close"), json!({}))
        .await
        .expect_status(200);
    frames.push(socket.next_of("poll_closed").await);
    owner
        .call(Method::DELETE, &poll.path(""), None)
        .await
        .expect_status(204);
    frames.push(socket.next_of("poll_deleted").await);
    let frames: Vec<Value> = frames.into_iter().map(redacted).collect();
    insta::assert_snapshot!(pretty(&json!(frames)));
}

/// The first frame of a poll with hidden results, as a server-sent event.
#[tokio::test]
async fn hidden_event() {
    let server = Server::start(App::unlimited()).await;
    let hidden = json!({"results": "after_close"});
    let poll = Browser::new(&server.app).create_poll(hidden).await;
    let mut events = EventStream::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    let event = events.next().await.unwrap();
    let event = json!({"event": event.name, "id": event.id, "data": redacted(event.data)});
    insta::assert_snapshot!(pretty(&event));
}

#[tokio::test]
async fn asyncapi_document() {
    let app = App::with(|router| router.public_url("https://polls.test/votes".parse().unwrap()));
    let mut document = app
        .get("/api/asyncapi.json")
        .await
        .expect_status(200)
        .json();
    document["info"]["version"] = json!("[version]");
    insta::assert_snapshot!(pretty(&document));
}
