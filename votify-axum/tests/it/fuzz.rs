//! Random bodies, paths and queries: no server error and no effect.

use axum::http::Method;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};
use tokio::runtime::Builder;

use crate::app::{App, request};
use crate::browser::Browser;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("0190b6e2-1111-4000-8000-00000000000a")),
        Just(Value::from("2999-01-01T00:00:00Z")),
        Just(Value::from("single")),
    ];
    let name = prop_oneof![
        ".{0,6}",
        prop::sample::select(vec![
            "title",
            "options",
            "ballot",
            "kind",
            "min",
            "max",
            "voters",
            "results",
            "revote",
            "opens_at",
            "closes_at",
            "description",
            "category",
            "text",
            "id",
            "image_id",
            "option_id",
            "option_ids",
            "ballot_id",
            "ranking",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        let fields = prop::collection::vec((name.clone(), inner.clone()), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..8).prop_map(Value::from),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Adds an unknown field to a body, or to an empty object.
fn with_unknown_field(body: Value, nonsense: Value) -> Value {
    let mut body = match body {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    body.insert("unknown field".to_owned(), nonsense);
    body.into()
}

#[test]
fn invalid_bodies_have_no_effect() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (app, mut owner, poll) = runtime.block_on(async {
        let app = App::unlimited();
        let mut owner = Browser::new(&app);
        let poll = owner.create_poll(json!({"revote": true})).await;
        owner.vote(&poll, 0).await.expect_status(201);
        (app, owner, poll)
    });
    let before = runtime.block_on(app.get(&poll.path(""))).text;
    let config = ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let strategy = (any_json(), any_json(), 0_usize..3);
    TestRunner::new(config)
        .run(&strategy, |(body, nonsense, call)| {
            let (method, path) = match call {
                0 => (Method::POST, "/api/polls".to_owned()),
                1 => (Method::POST, poll.path("/vote")),
                _ => (Method::PATCH, poll.path("")),
            };
            let body = if body.is_object() {
                with_unknown_field(body, nonsense)
            } else {
                body
            };
            let response = runtime.block_on(owner.clone().call(method, &path, Some(body.clone())));
            prop_assert_eq!(
                response.status.as_u16(),
                422,
                "{} {}: {}",
                path,
                body,
                response.text
            );
            prop_assert!(!response.invalid_fields().is_empty());
            Ok(())
        })
        .unwrap();
    let after = runtime.block_on(async {
        let total = app.get("/api/polls?status=all").await.json()["pagination"]["total"].clone();
        assert_eq!(total, 1);
        owner.get(&poll.path("")).await.text
    });
    assert_eq!(before, after);
}

#[test]
fn random_requests_never_cause_a_server_error() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(async { App::unlimited() });
    let config = ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let strategy = (
        prop::collection::vec(any::<u8>(), 0..200),
        "[a-zA-Z0-9%/?&=._~-]{0,40}",
        any::<bool>(),
    );
    TestRunner::new(config)
        .run(&strategy, |(bytes, tail, post)| {
            let path = format!("/api/polls/{tail}");
            let Ok(uri) = path.parse::<axum::http::Uri>() else {
                return Ok(());
            };
            let method = if post { Method::POST } else { Method::GET };
            let mut request = request(method, "/", None);
            *request.uri_mut() = uri;
            request
                .headers_mut()
                .insert("content-type", "application/json".parse().unwrap());
            if let Ok(value) = axum::http::HeaderValue::from_bytes(&bytes) {
                for name in [
                    "cookie",
                    "idempotency-key",
                    "last-event-id",
                    "if-none-match",
                    "x-forwarded-for",
                ] {
                    request.headers_mut().insert(name, value.clone());
                }
            }
            *request.body_mut() = axum::body::Body::from(bytes);
            let response = runtime.block_on(app.send(request));
            prop_assert!(
                (400..500).contains(&response.status.as_u16()) || response.status == 200,
                "{} {}",
                path,
                response.text
            );
            Ok(())
        })
        .unwrap();
}
