//! A request for every endpoint of the OpenAPI document. Tests that call all endpoints
//! fail if one is missing here.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};
use votify_core::{BallotId, Clock, SystemClock};

use crate::app::App;
use crate::browser::CreatedPoll;

/// A request to one endpoint.
#[derive(Debug, Clone)]
pub struct EndpointRequest {
    /// Method and path template, as in the OpenAPI document.
    pub name: String,
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
}

impl EndpointRequest {
    /// Builds a request that is valid for this poll, so that only the caller decides the
    /// status.
    fn new(name: &str, poll: &CreatedPoll) -> Self {
        let (method, path) = name.split_once(' ').unwrap();
        // A poll that the host created has no code.
        let code = poll.body["join_code"].as_str().unwrap_or("222222");
        let body = match name {
            "POST /api/polls" => Some(json!({"title": "Dinner?", "options": ["Soup", "Salad"]})),
            "PATCH /api/polls/{id}" => Some(json!({"title": "Supper?"})),
            "POST /api/polls/{id}/vote" => Some(json!({"option_id": poll.options[0]})),
            "POST /api/polls/{id}/invites" => Some(json!({"count": 1})),
            "POST /api/auth/register" => {
                let name = format!("user-{}", BallotId::generate(SystemClock.now()));
                Some(json!({"name": name, "password": "correct horse"}))
            }
            "POST /api/auth/login" => Some(json!({"name": "ada", "password": "correct horse"})),
            "POST /api/auth/password" => {
                Some(json!({"current_password": "correct horse", "new_password": "battery staple"}))
            }
            "POST /api/auth/logout"
            | "GET /api/auth/me"
            | "GET /api/polls"
            | "GET /api/polls/{id}"
            | "DELETE /api/polls/{id}"
            | "POST /api/polls/{id}/close"
            | "GET /api/polls/{id}/invites"
            | "GET /api/polls/{id}/me"
            | "GET /api/polls/{id}/results"
            | "GET /api/polls/{id}/vote"
            | "DELETE /api/polls/{id}/vote"
            | "GET /api/polls/{id}/stream"
            | "GET /api/join/{code}"
            | "GET /api/trending"
            | "GET /api/openapi.json"
            | "GET /api/asyncapi.json"
            | "GET /healthz"
            | "GET /readyz"
            | "GET /metrics" => None,
            unknown => {
                panic!("{unknown} is new: add its body here and its expected status to the tests")
            }
        };
        Self {
            name: name.to_owned(),
            method: method.parse().unwrap(),
            path: path.replace("{id}", &poll.id).replace("{code}", code),
            body,
        }
    }

    /// Returns true if the body of the response does not end.
    pub fn is_stream(&self) -> bool {
        self.path.ends_with("/stream")
    }
}

/// Returns a request for every endpoint, for this poll.
pub async fn all(app: &App, poll: &CreatedPoll) -> Vec<EndpointRequest> {
    let names = names(app).await;
    names
        .iter()
        .map(|name| EndpointRequest::new(name, poll))
        .collect()
}

pub async fn names(app: &App) -> BTreeSet<String> {
    let document = app.get("/api/openapi.json").await.expect_status(200).json();
    let names =
        operations(&document).map(|(method, path, _)| format!("{} {path}", method.to_uppercase()));
    names.collect()
}

/// Yields method, path and operation of every endpoint of an OpenAPI document.
pub fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, calls)| {
        let calls = calls.as_object().unwrap().iter();
        calls.map(move |(method, call)| (method, path, call))
    })
}
