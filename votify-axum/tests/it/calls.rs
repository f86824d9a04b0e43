//! Every call that the description of the API knows, ready to be sent: what is not here fails the tests that go through all
//! of them.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};
use votify_core::{BallotId, Clock, SystemClock};

use crate::app::App;
use crate::browser::Made;

/// One call of the API.
#[derive(Debug, Clone)]
pub struct Call {
    /// As the description names it: method and path.
    pub name: String,
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
}

impl Call {
    /// What to send to this poll, so that its owner is not refused for anything but who they are.
    fn of(name: &str, poll: &Made) -> Self {
        let (method, path) = name.split_once(' ').unwrap();
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
            "POST /api/auth/logout"
            | "GET /api/auth/me"
            | "GET /api/polls"
            | "GET /api/polls/{id}"
            | "DELETE /api/polls/{id}"
            | "POST /api/polls/{id}/close"
            | "GET /api/polls/{id}/results"
            | "GET /api/polls/{id}/vote"
            | "DELETE /api/polls/{id}/vote"
            | "GET /api/polls/{id}/stream"
            | "GET /api/trending"
            | "GET /api/openapi.json"
            | "GET /healthz"
            | "GET /readyz"
            | "GET /metrics" => None,
            unknown => {
                panic!("{unknown} is new: say here what to send, and in the tests what comes of it")
            }
        };
        Self {
            name: name.to_owned(),
            method: method.parse().unwrap(),
            path: path.replace("{id}", &poll.id),
            body,
        }
    }

    /// Whether it goes on without end.
    pub fn is_stream(&self) -> bool {
        self.path.ends_with("/stream")
    }
}

/// All calls, to this poll.
pub async fn all(app: &App, poll: &Made) -> Vec<Call> {
    let names = names(app).await;
    names.iter().map(|name| Call::of(name, poll)).collect()
}

pub async fn names(app: &App) -> BTreeSet<String> {
    let description = app.get("/api/openapi.json").await.ok(200).json();
    let names = described(&description)
        .map(|(method, path, _)| format!("{} {path}", method.to_uppercase()));
    names.collect()
}

/// Every call of a description: its method, its path, and what is said of it.
pub fn described(description: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = description["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, calls)| {
        let calls = calls.as_object().unwrap().iter();
        calls.map(move |(method, call)| (method, path, call))
    })
}
