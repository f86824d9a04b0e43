//! The examples of requests, for the OpenAPI document.

use serde_json::{Value, json};

/// The id of the poll in examples. The last two digits count: the first option has 01. The
/// docs page replaces these ids by those of the poll that it created last.
const POLL: &str = "00000000-0000-7000-8000-000000000000";
const FIRST_OPTION: &str = "00000000-0000-7000-8000-000000000001";
const SECOND_OPTION: &str = "00000000-0000-7000-8000-000000000002";

/// Adds examples for the ids in paths and for the bodies of requests.
///
/// The names of examples say which belong together: the vote `several` is valid in the
/// poll `several`. Pages show the first example of each operation, in the order of names.
pub(crate) fn add(document: &mut Value) {
    let paths = document["paths"].as_object_mut();
    for (path, operations) in paths.into_iter().flatten() {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            add_id(operation);
            let examples = bodies(method, path);
            if !examples.is_null() {
                operation["requestBody"]["content"]["application/json"]["examples"] = examples;
            }
        }
    }
}

fn add_id(operation: &mut Value) {
    let parameters = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if parameter["in"] == "path" && parameter["name"] == "id" {
            parameter["example"] = json!(POLL);
        }
    }
}

/// Returns the examples of a request's body, by name, or `null` if it has none.
fn bodies(method: &str, path: &str) -> Value {
    match (method, path) {
        ("post", "/api/polls") => json!({
            "one": {"summary": "One choice", "value": {
                "title": "Lunch?",
                "options": ["Pizza", "Sushi"],
            }},
            "several": {"summary": "Several choices, and all common fields", "value": {
                "title": "Which toppings?",
                "description": "For Friday.",
                "category": "food",
                "options": ["Cheese", "Olives", {"text": "Mushrooms"}],
                "ballot": {"kind": "multiple", "min": 1, "max": 2},
                "voters": "browser",
                "results": "after_vote",
                "revote": true,
                "closes_at": "2099-12-31T12:00:00Z",
            }},
            "with_invites": {"summary": "By invite", "value": {
                "title": "Who speaks?",
                "options": ["Ada", "Grace"],
                "voters": "invite",
            }},
        }),
        ("patch", "/api/polls/{id}") => json!({
            "before_votes": {"summary": "Before the first vote", "value": {
                "title": "Dinner?",
                "options": [{"id": FIRST_OPTION}, {"id": SECOND_OPTION, "text": "Soup"}, "Salad"],
                "revote": true,
            }},
            "texts": {"summary": "At any time until the poll closes", "value": {
                "title": "Supper?",
                "closes_at": "2099-12-31T20:00:00Z",
            }},
        }),
        ("post", "/api/polls/{id}/vote") => json!({
            "one": {"summary": "One choice", "value": {"option_id": FIRST_OPTION}},
            "several": {"summary": "Several choices", "value": {
                "option_ids": [FIRST_OPTION, SECOND_OPTION],
            }},
        }),
        ("post", "/api/polls/{id}/invites") => json!({
            "with_invites": {"summary": "Three codes", "value": {"count": 3}},
        }),
        ("post", "/api/auth/register" | "/api/auth/login") => json!({
            "ada": {"summary": "A name and a password", "value": {
                "name": "ada",
                "password": "correct horse",
            }},
        }),
        ("post", "/api/auth/password") => json!({
            "ada": {"summary": "The password until now and a new one", "value": {
                "current_password": "correct horse",
                "new_password": "battery staple",
            }},
        }),
        _ => Value::Null,
    }
}
