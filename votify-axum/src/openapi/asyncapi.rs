//! The AsyncAPI document: the streams, generated from the types of their messages.

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use utoipa::openapi::Components;

use super::messages::{self, MessageKind};
use crate::config::Config;
use crate::response_memory::Uncounted;
use crate::router::RouteGroup;
use crate::state::AppState;

/// Returns the AsyncAPI document, which describes the streams.
#[utoipa::path(
    get,
    path = "/api/asyncapi.json",
    tag = "operations",
    responses((status = 200, body = Object, description = "AsyncAPI 3.0"))
)]
pub(crate) async fn asyncapi_json(State(state): State<AppState>) -> Response {
    let json = state.documents.asyncapi.clone();
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (Extension(Uncounted), content_type, json).into_response()
}

/// Returns the document for this configuration.
pub(crate) fn document(config: &Config) -> Value {
    let (events, replies) = (messages::events(), messages::replies());
    let mut commands = messages::commands();
    if !config.serves(RouteGroup::Voting) {
        commands.retain(|command| command.tag != "vote");
    }
    let all = || events.iter().chain(&replies).chain(&commands);
    let mut document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Votify streams",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Live results of polls. Every message is a JSON object with a `type`. \
                            The addresses of channels begin at the base path of the server. \
                            The OpenAPI document `openapi.json`, beside this one, describes the requests.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "webSocket": channel(all(), "ws", "A WebSocket: each message is one text frame."),
            "eventStream": channel(
                events.iter(),
                "http",
                "Server-sent events: the data of an event is a message, its name is the `type`, and \
                 its id is a position to resume from, with `Last-Event-ID` or `after`.",
            ),
        },
        "operations": operations(&events, &replies, &commands),
        "components": {
            "messages": all().map(message).collect::<Map<_, _>>(),
            "schemas": schemas(),
        },
    });
    if let Some(servers) = servers(config) {
        document["servers"] = servers;
    }
    document
}

/// Returns the schemas of all messages.
fn schemas() -> Value {
    let mut components = Components::new();
    messages::add_schemas(&mut components);
    let mut schemas = json!(components.schemas);
    let fields = schemas
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut);
    for schema in fields.filter_map(Value::as_object_mut) {
        // An object in OpenAPI, but a string in AsyncAPI.
        schema.remove("discriminator");
    }
    schemas
}

/// Returns the servers, if the public URL is known.
fn servers(config: &Config) -> Option<Value> {
    let url = config.public_url.as_ref()?;
    let origin = url.origin().to_string();
    let (_, host) = origin.split_once("://")?;
    let server = |protocol: &str| {
        let protocol = match url.origin().is_secure() {
            true => format!("{protocol}s"),
            false => protocol.to_owned(),
        };
        // The addresses of channels begin with a slash.
        match url.path() {
            "" => json!({"host": host, "protocol": protocol}),
            path => json!({"host": host, "pathname": path, "protocol": protocol}),
        }
    };
    Some(json!({"ws": server("ws"), "http": server("http")}))
}

fn channel<'a>(
    kinds: impl Iterator<Item = &'a MessageKind>,
    protocol: &str,
    description: &str,
) -> Value {
    let messages: Map<_, _> = kinds
        .map(|kind| {
            let target = format!("#/components/messages/{}", kind.name);
            (kind.name.clone(), reference(&target))
        })
        .collect();
    let mut channel = json!({
        "address": "/api/polls/{id}/stream",
        "description": description,
        "parameters": {"id": {"description": "The id of the poll, a UUID"}},
        "messages": messages,
    });
    if protocol == "ws" {
        channel["bindings"] = json!({"ws": {
            "method": "GET",
            "query": query(),
            "bindingVersion": "0.1.0",
        }});
    }
    channel
}

/// Returns the schema of the query of both channels.
fn query() -> Value {
    json!({"type": "object", "properties": {
        "after": {"type": "string", "description": "A position. No older state is sent"},
        "events": {"type": "string", "enum": ["votes"], "description": "Also send single votes"},
        "heartbeat": {"type": "string", "enum": ["1"], "description": "Also send heartbeats"},
        "invite": {"type": "string", "description": "The voter's invite code"},
    }})
}

fn operations(events: &[MessageKind], replies: &[MessageKind], commands: &[MessageKind]) -> Value {
    let names = |kinds: &[MessageKind]| kinds.iter().map(|kind| kind.name.clone()).collect();
    let mut from_server: Vec<String> = names(events);
    from_server.push("StreamError".to_owned());
    let mut operations = json!({
        "sendMessage": operation("send", "webSocket", &from_server),
        "sendEvent": operation("send", "eventStream", &names(events)),
    });
    operations["sendEvent"]["bindings"] =
        json!({"http": {"method": "GET", "query": query(), "bindingVersion": "0.3.0"}});
    for command in commands {
        let answers: Vec<String> = match command.tag {
            "vote" => replies
                .iter()
                .filter(|reply| reply.tag != "error")
                .map(|reply| reply.name.clone())
                .collect(),
            _ => vec!["PollUpdated".to_owned(), "StreamError".to_owned()],
        };
        let name = format!("receive{}", command.name);
        let mut received = operation("receive", "webSocket", std::slice::from_ref(&command.name));
        received["reply"] = operation("", "webSocket", &answers);
        if let Some(reply) = received["reply"].as_object_mut() {
            reply.remove("action");
        }
        operations[&name] = received;
    }
    operations
}

/// Returns an operation from the view of the server.
fn operation(action: &str, channel: &str, messages: &[String]) -> Value {
    let channel = format!("#/channels/{channel}");
    let messages = messages.iter();
    let messages = messages.map(|name| reference(&format!("{channel}/messages/{name}")));
    json!({
        "action": action,
        "channel": reference(&channel),
        "messages": messages.collect::<Vec<_>>(),
    })
}

fn message(kind: &MessageKind) -> (String, Value) {
    let payload = format!("#/components/schemas/{}", kind.name);
    let message = json!({
        "name": kind.tag,
        "title": kind.name,
        "summary": kind.description,
        "payload": reference(&payload),
    });
    (kind.name.clone(), message)
}

fn reference(target: &str) -> Value {
    json!({"$ref": target})
}
