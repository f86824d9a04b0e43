use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::app::App;
use crate::calls;
use crate::owners::ByHeader;

async fn description() -> Value {
    App::new().get("/api/openapi.json").await.ok(200).json()
}

#[tokio::test]
async fn every_call_is_described() {
    let description = description().await;
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    let calls: BTreeSet<String> = calls::described(&description)
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    let expected = [
        "delete /api/polls/{id}",
        "delete /api/polls/{id}/vote",
        "get /api/openapi.json",
        "get /api/polls",
        "get /api/polls/{id}",
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
    let vote = &description["paths"]["/api/polls/{id}/vote"]["post"]["responses"];
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

#[cfg(feature = "accounts")]
#[tokio::test]
async fn the_calls_of_accounts_are_described_where_they_are() {
    let app = crate::accounts::scene::app();
    let description = app.get("/api/openapi.json").await.ok(200).json();
    for (path, method, status, code) in [
        ("register", "post", "409", "name_taken"),
        ("register", "post", "422", "invalid_account"),
        ("login", "post", "401", "invalid_login"),
        ("login", "post", "503", "overloaded"),
        ("logout", "post", "401", "not_logged_in"),
        ("me", "get", "401", "not_logged_in"),
    ] {
        let call = &description["paths"][format!("/api/auth/{path}")][method];
        let told = &call["responses"][status]["description"];
        assert!(told.as_str().unwrap().contains(code), "{path}: {call}");
    }
    let schemas = &description["components"]["schemas"];
    for schema in ["Credentials", "Login", "User"] {
        assert!(schemas[schema]["properties"].is_object(), "{schema}");
    }
}

#[tokio::test]
async fn how_callers_show_who_they_are_is_described() {
    let schemes = |description: &Value| description["components"]["securitySchemes"].clone();
    let description = description().await;
    let session = &schemes(&description)["session"];
    assert_eq!(session["in"], "cookie");
    assert_eq!(session["name"], "votify_session");
    assert_eq!(description["security"], json!([{}, {"session": []}]));
    let app = App::with(|router| router.public_url("https://polls.test".parse().unwrap()));
    let description = app.get("/api/openapi.json").await.ok(200).json();
    let session = &schemes(&description)["session"];
    assert_eq!(session["name"], "__Host-votify_session");
}

/// What the calls of the API name as their security, apart from those that leave it at the general choice.
fn secured(description: &Value) -> BTreeMap<String, Value> {
    let secured = calls::described(description).filter_map(|(method, path, call)| {
        let needed = call.get("security")?;
        Some((format!("{method} {path}"), needed.clone()))
    });
    secured.collect()
}

fn owners(needed: &Value) -> BTreeMap<String, Value> {
    let calls = [
        "delete /api/polls/{id}",
        "patch /api/polls/{id}",
        "post /api/polls/{id}/close",
        "post /api/polls/{id}/invites",
    ];
    calls.map(|call| (call.to_owned(), needed.clone())).into()
}

#[tokio::test]
async fn what_only_owners_may_do_says_so() {
    let needed = json!([{"session": []}]);
    assert_eq!(secured(&description().await), owners(&needed));
}

/// By what the host knows them is not known here.
#[tokio::test]
async fn where_a_host_has_its_own_users_no_call_needs_what_is_described() {
    let app = App::with(|router| router.identity(ByHeader));
    let description = app.get("/api/openapi.json").await.ok(200).json();
    assert_eq!(secured(&description), BTreeMap::new());
}

#[cfg(feature = "accounts")]
#[tokio::test]
async fn what_needs_a_login_says_so() {
    let app = crate::accounts::scene::app();
    let description = app.get("/api/openapi.json").await.ok(200).json();
    let schemes = &description["components"]["securitySchemes"];
    assert_eq!(schemes["login"]["scheme"], "bearer");
    assert_eq!(schemes["login_cookie"]["in"], "cookie");
    let anybody = json!([{}, {"session": []}, {"login": []}, {"login_cookie": []}]);
    assert_eq!(description["security"], anybody);
    let needed = json!([{"login": []}, {"login_cookie": []}]);
    let mut told = owners(&json!([{"session": []}, {"login": []}, {"login_cookie": []}]));
    for call in ["get /api/auth/me", "post /api/auth/logout"] {
        told.insert(call.to_owned(), needed.clone());
    }
    assert_eq!(secured(&description), told);
}

/// Every reference leads somewhere.
#[tokio::test]
async fn no_schema_is_missing() {
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
    let description = description().await;
    let mut found = BTreeSet::new();
    references(&description, &mut found);
    assert!(found.len() > 10, "{found:?}");
    for target in found {
        let pointer = target.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{target}");
    }
}

/// What a schema says can be sent is what the reader takes, and what is answered is described.
#[tokio::test]
async fn bodies_are_described_as_they_are() {
    let description = description().await;
    let properties = |name: &str| -> BTreeSet<String> {
        let schema = &description["components"]["schemas"][name];
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
        let answer = app.post(path, wrong).await.ok(422).json();
        let unknown = answer["errors"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|error| error["problem"] == "unknown field");
        let unknown: Vec<&Value> = unknown
            .filter(|error| !error["field"].as_str().unwrap().contains('.'))
            .collect();
        assert!(unknown.is_empty(), "{schema}: {unknown:?}");
    }
    let made = app
        .post("/api/polls", json!({"title": "t", "options": ["a", "b"]}))
        .await
        .ok(201)
        .json();
    let details = app
        .get(&format!("/api/polls/{}", made["id"].as_str().unwrap()))
        .await
        .json();
    let told: BTreeSet<String> = details["poll"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert!(told.is_subset(&properties("PollSummary")), "{told:?}");
}

#[cfg(feature = "docs")]
#[tokio::test]
async fn the_page_to_try_it_loads_nothing_from_elsewhere() {
    let app = App::new();
    let moved = app.get("/api/docs").await;
    assert_eq!(
        (moved.status.as_u16(), moved.header("location")),
        (308, "docs/")
    );
    let page = app.get("/api/docs/").await.ok(200);
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
        "swagger-initializer.js",
        "index.css",
    ] {
        assert!(page.text.contains(asset), "{asset}");
        app.get(&format!("/api/docs/{asset}")).await.ok(200);
    }
    let start = app.get("/api/docs/swagger-initializer.js").await;
    assert!(start.text.contains("../openapi.json"), "{}", start.text);
    app.get("/api/docs/nonsense.js")
        .await
        .is_problem(404, "not_found");
}
