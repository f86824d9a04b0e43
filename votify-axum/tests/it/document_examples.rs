//! The examples of the OpenAPI document are requests that succeed.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::app::{App, TestResponse, without_creation_limits};
use crate::browser::Browser;
use crate::endpoints;

const POLL: &str = "00000000-0000-7000-8000-000000000000";
const CODE: &str = "K7WM3P";
const OPTIONS: [&str; 3] = [
    "00000000-0000-7000-8000-000000000001",
    "00000000-0000-7000-8000-000000000002",
    "00000000-0000-7000-8000-000000000003",
];

/// A reader of the docs page, which sends examples as they stand.
struct Reader {
    document: Value,
    browser: Browser,
    /// The poll that was created last.
    poll: Value,
    sent: BTreeSet<String>,
}

impl Reader {
    async fn new(app: &App) -> Self {
        let document = app.get("/api/openapi.json").await.expect_status(200).json();
        Self {
            document,
            browser: Browser::new(app),
            poll: Value::Null,
            sent: BTreeSet::new(),
        }
    }

    fn examples(&self, method: &str, path: &str) -> Map<String, Value> {
        let body = &self.document["paths"][path][method]["requestBody"];
        let examples = &body["content"]["application/json"]["examples"];
        examples.as_object().cloned().unwrap_or_default()
    }

    /// Replaces the ids and the join code of examples, as the docs page does.
    fn with_ids(&self, text: &str) -> String {
        let mut text = text.replace(POLL, self.poll["id"].as_str().unwrap_or(POLL));
        text = text.replace(CODE, self.poll["join_code"].as_str().unwrap_or(CODE));
        for (index, placeholder) in OPTIONS.iter().enumerate() {
            let id = self.poll["options"][index]["id"].as_str();
            text = text.replace(placeholder, id.unwrap_or(placeholder));
        }
        text
    }

    /// Sends an operation with the example of its path, and the named example as body.
    async fn send(&mut self, method: &str, path: &str, example: Option<&str>) -> TestResponse {
        let operation = &self.document["paths"][path][method];
        let id = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|parameter| parameter["in"] == "path")
            .map_or("", |parameter| parameter["example"].as_str().unwrap());
        let url = self.with_ids(&path.replace("{id}", id).replace("{code}", id));
        let body = example.map(|name| {
            let example = &self.examples(method, path)[name]["value"];
            serde_json::from_str(&self.with_ids(&example.to_string())).unwrap()
        });
        self.sent
            .insert(format!("{method} {path} {}", example.unwrap_or_default()));
        let method: Method = method.to_uppercase().parse().unwrap();
        self.browser.call(method, &url, body).await
    }

    async fn create(&mut self, example: &str) {
        let created = self.send("post", "/api/polls", Some(example)).await;
        self.poll = created.expect_status(201).json();
    }

    /// Returns every operation with each example of its body.
    fn all(&self) -> BTreeSet<String> {
        let operations = endpoints::operations(&self.document);
        operations
            .flat_map(|(method, path, operation)| {
                let examples = self.examples(method, path);
                let mut names: Vec<String> = examples.keys().cloned().collect();
                if operation.get("requestBody").is_none() {
                    names.push(String::new());
                } else {
                    assert!(!names.is_empty(), "{method} {path} has no example");
                }
                names
                    .into_iter()
                    .map(move |name| format!("{method} {path} {name}"))
            })
            .collect()
    }
}

#[tokio::test]
async fn every_example_succeeds() {
    #[cfg(feature = "accounts")]
    let app = crate::accounts::harness::app();
    #[cfg(not(feature = "accounts"))]
    let app = App::with(without_creation_limits);
    let mut reader = Reader::new(&app).await;
    let poll = "/api/polls/{id}";
    let vote = "/api/polls/{id}/vote";
    for (example, status) in [("one", 201), ("several", 201)] {
        reader.create(example).await;
        let changed = reader.send("patch", poll, Some("before_votes")).await;
        reader.poll = changed.expect_status(200).json();
        let voted = reader.send("post", vote, Some(example)).await;
        voted.expect_status(status);
        let texts = reader.send("patch", poll, Some("texts")).await;
        texts.expect_status(200);
    }
    for (method, path) in [
        ("get", "/api/polls"),
        ("get", "/api/trending"),
        ("get", poll),
        ("get", "/api/polls/{id}/me"),
        ("get", "/api/polls/{id}/results"),
        ("get", "/api/join/{code}"),
        ("get", vote),
        ("delete", vote),
        ("post", "/api/polls/{id}/close"),
    ] {
        reader.send(method, path, None).await.expect_status(200);
    }
    reader.create("with_invites").await;
    let invites = reader
        .send("post", "/api/polls/{id}/invites", Some("with_invites"))
        .await;
    invites.expect_status(201);
    let counts = reader.send("get", "/api/polls/{id}/invites", None).await;
    assert_eq!(counts.expect_status(200).json()["made"], 3);
    reader.send("delete", poll, None).await.expect_status(204);
    for path in [
        "/api/openapi.json",
        "/api/asyncapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
    ] {
        reader.send("get", path, None).await.expect_status(200);
    }
    #[cfg(feature = "accounts")]
    {
        let registered = reader
            .send("post", "/api/auth/register", Some("ada"))
            .await
            .expect_status(201);
        reader.browser.cookie = login_cookie(&registered);
        let logged_in = reader
            .send("post", "/api/auth/login", Some("ada"))
            .await
            .expect_status(200);
        reader.browser.cookie = login_cookie(&logged_in);
        let me = reader.send("get", "/api/auth/me", None).await;
        assert_eq!(me.expect_status(200).json()["name"], "ada");
        let changed = reader
            .send("post", "/api/auth/password", Some("ada"))
            .await
            .expect_status(200);
        reader.browser.cookie = login_cookie(&changed);
        let logged_out = reader.send("post", "/api/auth/logout", None).await;
        logged_out.expect_status(204);
    }
    let mut expected = reader.all();
    // The body of a stream does not end.
    assert!(expected.remove("get /api/polls/{id}/stream "));
    assert_eq!(reader.sent, expected);
}

#[cfg(feature = "accounts")]
fn login_cookie(response: &TestResponse) -> Option<String> {
    let cookies = response.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap());
    let cookie = cookies.find(|cookie| cookie.contains("votify_login="))?;
    cookie.split(';').next().map(str::to_owned)
}

/// Tools show the first example of each operation. These belong together.
#[tokio::test]
async fn the_first_examples_succeed_one_after_the_other() {
    let app = App::with(without_creation_limits);
    let mut reader = Reader::new(&app).await;
    let first = |reader: &Reader, method: &str, path: &str| {
        let examples = reader.examples(method, path);
        examples.into_iter().next().unwrap().0
    };
    let example = first(&reader, "post", "/api/polls");
    reader.create(&example).await;
    let example = first(&reader, "patch", "/api/polls/{id}");
    let changed = reader.send("patch", "/api/polls/{id}", Some(&example));
    changed.await.expect_status(200);
    let example = first(&reader, "post", "/api/polls/{id}/vote");
    let voted = reader.send("post", "/api/polls/{id}/vote", Some(&example));
    voted.await.expect_status(201);
}

#[tokio::test]
async fn examples_match_the_schemas_of_their_requests() {
    let app = App::new();
    let document = app.get("/api/openapi.json").await.json();
    for (method, path, operation) in endpoints::operations(&document) {
        let content = &operation["requestBody"]["content"]["application/json"];
        let mut schema = content["schema"].clone();
        schema["components"] = document["components"].clone();
        let examples = content["examples"].as_object();
        for (name, example) in examples.into_iter().flatten() {
            let validator = jsonschema::options().should_validate_formats(true);
            let validator = validator.build(&schema).unwrap();
            let valid = validator.is_valid(&example["value"]);
            assert!(valid, "{method} {path} {name}: {}", json!(example));
        }
    }
}

#[cfg(feature = "docs")]
#[tokio::test]
async fn the_documentation_page_replaces_the_ids_of_examples() {
    let app = App::new();
    let script = app.get("/api/docs/start.js").await.expect_status(200);
    assert_eq!(script.header("content-type"), "text/javascript");
    let (placeholder, _) = POLL.split_at(POLL.len() - 2);
    assert!(script.text.contains(placeholder), "{}", script.text);
    assert!(script.text.contains(CODE), "{}", script.text);
}
