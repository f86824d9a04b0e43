use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::App;
use crate::browser::Browser;
use crate::endpoints;
use crate::owners::ByHeader;

async fn document() -> Value {
    App::new()
        .get("/api/openapi.json")
        .await
        .expect_status(200)
        .json()
}

#[tokio::test]
async fn every_endpoint_is_documented() {
    let document = document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let calls: BTreeSet<String> = endpoints::operations(&document)
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    let expected = [
        "delete /api/polls/{id}",
        "delete /api/polls/{id}/vote",
        "get /api/asyncapi.json",
        "get /api/join/{code}",
        "get /api/openapi.json",
        "get /api/polls",
        "get /api/polls/{id}",
        "get /api/polls/{id}/invites",
        "get /api/polls/{id}/me",
        "get /api/polls/{id}/results",
        "get /api/polls/{id}/stream",
        "get /api/polls/{id}/vote",
        "get /api/trending",
        "get /healthz",
        "get /metrics",
        "get /readyz",
        "patch /api/polls/{id}",
        "post /api/polls",
        "post /api/polls/{id}/close",
        "post /api/polls/{id}/invites",
        "post /api/polls/{id}/vote",
    ];
    assert_eq!(calls, expected.map(str::to_owned).into());
    let vote = &document["paths"]["/api/polls/{id}/vote"]["post"]["responses"];
    for (status, code) in [
        ("409", "already_voted"),
        ("422", "invalid_ballot"),
        ("429", "rate_limited"),
        ("503", "overloaded"),
    ] {
        assert!(
            vote[status]["description"].as_str().unwrap().contains(code),
            "{vote}"
        );
        assert!(vote[status]["content"]["application/problem+json"].is_object());
    }
}

/// OpenAPI 3.1, 4.8.17: a response without a description is invalid.
#[tokio::test]
async fn every_response_has_a_description() {
    #[cfg(feature = "accounts")]
    let app = crate::accounts::harness::app();
    #[cfg(not(feature = "accounts"))]
    let app = App::new();
    let document = app.get("/api/openapi.json").await.expect_status(200).json();
    for (method, path, operation) in endpoints::operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let description = response["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{method} {path} {status}");
        }
    }
}

/// A field is nullable in the document exactly if `null` is accepted.
#[tokio::test]
async fn only_fields_that_accept_null_are_nullable() {
    let app = App::new();
    let document = app.get("/api/openapi.json").await.expect_status(200).json();
    let schemas = &document["components"]["schemas"];
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let mut checked = 0;
    for (name, field) in fields(schemas, "NewPoll").chain(fields(schemas, "PollChange")) {
        let mut body = json!({"title": "t", "options": ["a", "b"]});
        body[&field] = Value::Null;
        let answer = match name {
            "NewPoll" => owner.post("/api/polls", body).await,
            _ => {
                let change = json!({&field: null});
                let path = poll.path("");
                owner.call(Method::PATCH, &path, Some(change)).await
            }
        };
        let accepts_null = answer.status != 422;
        let schema = &schemas[name]["properties"][&field];
        let is_nullable = schema["type"]
            .as_array()
            .is_some_and(|types| types.contains(&json!("null")))
            || schema["oneOf"]
                .as_array()
                .is_some_and(|one| one.contains(&json!({"type": "null"})));
        assert_eq!(
            accepts_null, is_nullable,
            "{name}.{field}: {} {schema}",
            answer.text
        );
        checked += 1;
    }
    assert!(checked > 20);
}

/// Returns the names of the fields of a schema, with the name of the schema.
fn fields<'a>(schemas: &'a Value, name: &'a str) -> impl Iterator<Item = (&'a str, String)> {
    let properties = schemas[name]["properties"].as_object().unwrap();
    properties.keys().map(move |field| (name, field.clone()))
}

#[cfg(feature = "accounts")]
#[tokio::test]
async fn account_endpoints_are_documented() {
    let app = crate::accounts::harness::app();
    let document = app.get("/api/openapi.json").await.expect_status(200).json();
    for (path, method, status, code) in [
        ("register", "post", "409", "name_taken"),
        ("register", "post", "422", "invalid_account"),
        ("login", "post", "401", "invalid_login"),
        ("login", "post", "503", "overloaded"),
        ("logout", "post", "401", "not_logged_in"),
        ("password", "post", "401", "not_logged_in"),
        ("password", "post", "422", "invalid_account"),
        ("password", "post", "429", "rate_limited"),
        ("me", "get", "401", "not_logged_in"),
    ] {
        let call = &document["paths"][format!("/api/auth/{path}")][method];
        let description = &call["responses"][status]["description"];
        assert!(
            description.as_str().unwrap().contains(code),
            "{path}: {call}"
        );
    }
    let schemas = &document["components"]["schemas"];
    for schema in ["Credentials", "Login", "PasswordChange", "User"] {
        assert!(schemas[schema]["properties"].is_object(), "{schema}");
    }
}

#[tokio::test]
async fn security_schemes_are_documented() {
    let schemes = |document: &Value| document["components"]["securitySchemes"].clone();
    let document = document().await;
    let session = &schemes(&document)["session"];
    assert_eq!(session["in"], "cookie");
    assert_eq!(session["name"], "votify_session");
    assert_eq!(document["security"], json!([{}, {"session": []}]));
    let app = App::with(|router| router.public_url("https://polls.test".parse().unwrap()));
    let document = app.get("/api/openapi.json").await.expect_status(200).json();
    let session = &schemes(&document)["session"];
    assert_eq!(session["name"], "__Host-votify_session");
}

/// Returns the security requirements of the operations that override the default.
fn security_overrides(document: &Value) -> BTreeMap<String, Value> {
    let security_overrides = endpoints::operations(document).filter_map(|(method, path, call)| {
        let required = call.get("security")?;
        Some((format!("{method} {path}"), required.clone()))
    });
    security_overrides.collect()
}

fn owners(required: &Value) -> BTreeMap<String, Value> {
    let calls = [
        "delete /api/polls/{id}",
        "get /api/polls/{id}/invites",
        "patch /api/polls/{id}",
        "post /api/polls/{id}/close",
        "post /api/polls/{id}/invites",
    ];
    calls.map(|call| (call.to_owned(), required.clone())).into()
}

#[tokio::test]
async fn owner_endpoints_require_a_session() {
    let required = json!([{"session": []}]);
    assert_eq!(security_overrides(&document().await), owners(&required));
}

/// The OpenAPI document cannot describe how the host authenticates its users.
#[tokio::test]
async fn a_custom_identity_removes_security_requirements() {
    let app = App::with(|router| router.identity(ByHeader));
    let document = app.get("/api/openapi.json").await.expect_status(200).json();
    assert_eq!(security_overrides(&document), BTreeMap::new());
}

#[cfg(feature = "accounts")]
#[tokio::test]
async fn account_endpoints_require_a_login() {
    let app = crate::accounts::harness::app();
    let document = app.get("/api/openapi.json").await.expect_status(200).json();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["login"]["scheme"], "bearer");
    assert_eq!(schemes["login_cookie"]["in"], "cookie");
    let anybody = json!([{}, {"session": []}, {"login": []}, {"login_cookie": []}]);
    assert_eq!(document["security"], anybody);
    let required = json!([{"login": []}, {"login_cookie": []}]);
    let mut expected = owners(&json!([{"session": []}, {"login": []}, {"login_cookie": []}]));
    let calls = [
        "get /api/auth/me",
        "post /api/auth/logout",
        "post /api/auth/password",
    ];
    for call in calls {
        expected.insert(call.to_owned(), required.clone());
    }
    assert_eq!(security_overrides(&document), expected);
}

/// Every `$ref` resolves.
#[tokio::test]
async fn every_schema_reference_resolves() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(target)) = fields.get("$ref") {
                    found.insert(target.clone());
                }
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document().await;
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 10, "{found:?}");
    for target in found {
        let pointer = target.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
}

/// The parser knows every property of a request schema, and every response field is in a
/// schema.
#[tokio::test]
async fn schemas_match_requests_and_responses() {
    let document = document().await;
    let properties = |name: &str| -> BTreeSet<String> {
        let schema = &document["components"]["schemas"][name];
        let own = schema["properties"].as_object();
        own.unwrap_or_else(|| panic!("{name}: {schema}"))
            .keys()
            .cloned()
            .collect()
    };
    let app = App::new();
    for (schema, path) in [
        ("NewPoll", "/api/polls"),
        (
            "NewBallot",
            "/api/polls/0190b6e2-0000-7000-8000-000000000000/vote",
        ),
    ] {
        let wrong: Value = properties(schema)
            .into_iter()
            .map(|name| (name, json!({"no": "value"})))
            .collect();
        let response = app.post(path, wrong).await.expect_status(422).json();
        let unknown = response["errors"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|error| error["problem"] == "unknown field");
        let unknown: Vec<&Value> = unknown
            .filter(|error| !error["field"].as_str().unwrap().contains('.'))
            .collect();
        assert!(unknown.is_empty(), "{schema}: {unknown:?}");
    }
    let created = app
        .post("/api/polls", json!({"title": "t", "options": ["a", "b"]}))
        .await
        .expect_status(201)
        .json();
    let details = app
        .get(&format!("/api/polls/{}", created["id"].as_str().unwrap()))
        .await
        .json();
    let fields: BTreeSet<String> = details["poll"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert!(fields.is_subset(&properties("PollSummary")), "{fields:?}");
}

#[cfg(feature = "docs")]
#[tokio::test]
async fn the_documentation_page_loads_only_own_assets() {
    let app = App::new();
    let moved = app.get("/api/docs").await;
    assert_eq!(
        (moved.status.as_u16(), moved.header("location")),
        (308, "docs/")
    );
    let page = app.get("/api/docs/").await.expect_status(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'none'")
    );
    assert!(
        !page.text.contains("://") || !page.text.contains("src=\"http"),
        "{}",
        page.text
    );
    for asset in [
        "swagger-ui.css",
        "swagger-ui-bundle.js",
        "swagger-ui-standalone-preset.js",
        "start.js",
        "index.css",
        "favicon-32x32.png",
    ] {
        assert!(page.text.contains(asset), "{asset}");
        app.get(&format!("/api/docs/{asset}"))
            .await
            .expect_status(200);
    }
    let start = app.get("/api/docs/start.js").await;
    assert!(start.text.contains("../openapi.json"), "{}", start.text);
    app.get("/api/docs/nonsense.js")
        .await
        .assert_problem(404, "not_found");
}
