//! Real messages of streams match the schemas of both documents, and those match nothing
//! else.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};
use votify_axum::StreamTiming;
use votify_core::MemoryQueue;

use crate::app::App;
use crate::browser::Browser;
use crate::server::Server;
use crate::stream_clients::{EventStream, Socket};

const EVENTS: [&str; 6] = [
    "poll_updated",
    "poll_closed",
    "vote_submitted",
    "poll_changed",
    "poll_deleted",
    "heartbeat",
];
const REPLIES: [&str; 4] = ["vote_queued", "vote_confirmed", "vote_rejected", "error"];

async fn document(app: &App, path: &str) -> Value {
    app.get(path).await.expect_status(200).json()
}

/// Returns the name of the schema of a kind of message.
fn schema_name(kind: &str) -> String {
    match kind {
        "error" => "StreamError".to_owned(),
        _ => kind
            .split('_')
            .map(|word| word[..1].to_uppercase() + &word[1..])
            .collect(),
    }
}

/// Returns a validator of one schema of a document. Undocumented fields are invalid.
fn validator(document: &Value, name: &str) -> Validator {
    let schemas = &document["components"]["schemas"];
    assert!(schemas[name].is_object(), "{name} is missing");
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/components/schemas/{name}"),
        "unevaluatedProperties": false,
        "components": {"schemas": schemas},
    });
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema).unwrap()
}

#[track_caller]
fn assert_valid(document: &Value, message: &Value) {
    let kind = message["type"].as_str().unwrap();
    for name in [&schema_name(kind), "ServerMessage"] {
        let validator = validator(document, name);
        let errors: Vec<String> = validator
            .iter_errors(message)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}: {message}");
    }
    if kind == "poll_changed" {
        let validator = validator(document, "Poll");
        assert!(validator.is_valid(&message["poll"]), "{message}");
    }
}

/// Starts a server without a limit of votes and with many heartbeats.
async fn start_server() -> Server {
    let timing = StreamTiming {
        heartbeat_interval: Duration::from_millis(200),
        ..StreamTiming::default()
    };
    let app = App::with(|router| router.vote_rate(None).stream_timing(timing));
    Server::start(app).await
}

/// Returns messages of every kind over a WebSocket.
async fn socket_messages(server: &Server, fields: Value) -> Vec<Value> {
    let mut owner = Browser::new(&server.app);
    let poll = owner.create_poll(fields).await;
    let cookie = [("cookie", owner.cookie.as_deref().unwrap())];
    let path = Server::stream_path(&poll, "?events=votes&heartbeat=1");
    let mut socket = Socket::open(server, &path, &cookie).await;
    let mut messages = vec![
        socket.next_of("poll_updated").await,
        socket.next_of("heartbeat").await,
    ];
    let multiple = poll.body["ballot"]["kind"] == "multiple";
    let mut vote = json!({"type": "vote", "request_id": "a", "option_id": poll.options[0]});
    if multiple {
        vote = json!({"type": "vote", "option_ids": [poll.options[0], poll.options[1]]});
    }
    socket.send(vote.clone()).await;
    messages.push(socket.next_of("vote_confirmed").await);
    if !multiple && poll.body["results"] == "live" {
        Browser::new(&server.app)
            .vote(&poll, 1)
            .await
            .expect_status(201);
        messages.push(socket.next_of("vote_submitted").await);
    }
    socket.send(vote).await;
    messages.push(socket.next_of("vote_rejected").await);
    socket.send(json!({"type": "vote", "x": 1})).await;
    messages.push(socket.next_of("vote_rejected").await);
    socket.send(json!({"type": "nonsense"})).await;
    messages.push(socket.next_of("error").await);
    socket.send(json!({"type": "refresh"})).await;
    messages.push(socket.next_of("poll_updated").await);
    let title = Some(json!({"title": "Dinner?", "closes_at": server.app.clock.after(3_600)}));
    owner
        .call(Method::PATCH, &poll.path(""), title)
        .await
        .expect_status(200);
    messages.push(socket.next_of("poll_changed").await);
    let closed = owner.post(&poll.path("/close"), json!({})).await;
    closed.expect_status(200);
    messages.push(socket.next_of("poll_closed").await);
    owner
        .call(Method::DELETE, &poll.path(""), None)
        .await
        .expect_status(204);
    messages.push(socket.next_of("poll_deleted").await);
    messages
}

/// Returns the messages of a queued vote, and of a poll whose votes are being counted.
async fn queue_messages() -> Vec<Value> {
    let queue = MemoryQueue::new();
    let server = Server::start(App::queued(&queue)).await;
    let mut owner = Browser::new(&server.app);
    let closes_at = server.app.clock.after(60);
    let poll = owner.create_poll(json!({"closes_at": closes_at})).await;
    let cookie = [("cookie", owner.cookie.as_deref().unwrap())];
    let path = Server::stream_path(&poll, "");
    let mut socket = Socket::open(&server, &path, &cookie).await;
    let mut messages = vec![socket.next_of("poll_updated").await];
    assert_eq!(messages[0]["precision"], "provisional");
    let vote = json!({"type": "vote", "request_id": "a", "option_id": poll.options[0]});
    socket.send(vote).await;
    messages.push(socket.next_of("vote_queued").await);
    server.app.clock.advance(61);
    loop {
        let updated = socket.next_of("poll_updated").await;
        let is_counting = updated["counting"] == true;
        messages.push(updated);
        if is_counting {
            return messages;
        }
    }
}

fn kinds() -> impl Iterator<Item = &'static str> {
    EVENTS.into_iter().chain(REPLIES)
}

#[tokio::test]
async fn messages_match_their_schemas_in_both_documents() {
    let server = start_server().await;
    let documents = [
        document(&server.app, "/api/openapi.json").await,
        document(&server.app, "/api/asyncapi.json").await,
    ];
    let mut seen = BTreeSet::new();
    for fields in [
        json!({}),
        json!({"results": "after_close", "address_quota": {"ballots": 5}}),
        json!({"ballot": {"kind": "multiple", "max": 2}, "category": "food"}),
    ] {
        for message in socket_messages(&server, fields).await {
            seen.insert(message["type"].as_str().unwrap().to_owned());
            for document in &documents {
                assert_valid(document, &message);
            }
        }
    }
    for message in queue_messages().await {
        seen.insert(message["type"].as_str().unwrap().to_owned());
        for document in &documents {
            assert_valid(document, &message);
        }
    }
    assert_eq!(seen, kinds().map(str::to_owned).collect());
}

#[tokio::test]
async fn server_sent_events_match_the_schemas() {
    let server = start_server().await;
    let document = document(&server.app, "/api/asyncapi.json").await;
    let mut owner = Browser::new(&server.app);
    let poll = owner.create_poll(json!({})).await;
    let path = Server::stream_path(&poll, "?events=votes&heartbeat=1");
    let mut events = EventStream::open(&server, &path, &[]).await;
    assert_valid(&document, &events.next_of("poll_updated").await.data);
    assert_valid(&document, &events.next_of("heartbeat").await.data);
    owner.vote(&poll, 0).await.expect_status(201);
    assert_valid(&document, &events.next_of("vote_submitted").await.data);
    let closed = owner.post(&poll.path("/close"), json!({})).await;
    closed.expect_status(200);
    assert_valid(&document, &events.next_of("poll_closed").await.data);
}

/// Each schema rejects the messages of the other kinds, and messages with a field less or
/// more.
#[tokio::test]
async fn the_schemas_reject_other_messages() {
    let server = start_server().await;
    let document = document(&server.app, "/api/openapi.json").await;
    for message in socket_messages(&server, json!({})).await {
        let kind = message["type"].as_str().unwrap();
        for other in kinds().filter(|other| *other != kind) {
            let validator = validator(&document, &schema_name(other));
            assert!(!validator.is_valid(&message), "{other}: {message}");
        }
        let validator = validator(&document, &schema_name(kind));
        let mut more = message.clone();
        more["nonsense"] = json!(1);
        assert!(!validator.is_valid(&more), "{more}");
        let mut less = message.clone();
        less.as_object_mut().unwrap().remove("type");
        assert!(!validator.is_valid(&less), "{less}");
    }
}

/// What the schemas of client messages accept is a vote or a refresh to the server.
#[tokio::test]
async fn client_messages_match_their_schemas() {
    let server = start_server().await;
    let document = document(&server.app, "/api/asyncapi.json").await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let path = Server::stream_path(&poll, "");
    let mut socket = Socket::open(&server, &path, &[]).await;
    let ballot = "0190b6e2-1111-4000-8000-00000000000a";
    for (message, schema, reply) in [
        (json!({"type": "refresh"}), "Refresh", "poll_updated"),
        (
            json!({"type": "vote", "option_id": poll.options[0]}),
            "Vote",
            "vote_confirmed",
        ),
        (
            json!({"type": "vote", "request_id": "7", "option_id": poll.options[0], "ballot_id": ballot}),
            "Vote",
            "vote_rejected",
        ),
    ] {
        for name in [schema, "ClientMessage"] {
            assert!(validator(&document, name).is_valid(&message), "{message}");
        }
        socket.send(message).await;
        socket.next_of(reply).await;
    }
    for malformed in [
        json!({"type": "refresh", "x": 1}),
        json!({"type": "vote", "request_id": 7}),
        json!({"type": "vote", "request_id": "x".repeat(101)}),
        json!({"type": "nonsense"}),
        json!({}),
    ] {
        let validator = validator(&document, "ClientMessage");
        assert!(!validator.is_valid(&malformed), "{malformed}");
        socket.send(malformed).await;
        socket.next_of("error").await;
    }
}
