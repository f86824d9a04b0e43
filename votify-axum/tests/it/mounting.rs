use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::json;

use crate::app::{App, open_router};
use crate::browser::Browser;

#[derive(Debug, Clone)]
struct HostState(&'static str);

async fn hello(State(state): State<HostState>) -> &'static str {
    state.0
}

#[tokio::test]
async fn a_nested_router_works_below_its_prefix() {
    let app = App::new();
    let votify = open_router(app.engine.clone()).build();
    let host = Router::new()
        .route("/hello", get(hello))
        .nest("/tenants/{id}/polls", votify);
    let app = App {
        router: host.with_state(HostState("hi")),
        ..app
    };
    assert_eq!(app.get("/hello").await.text, "hi");
    let body = json!({"title": "t", "options": ["a", "b"]});
    let created = app
        .post("/tenants/7/polls/api/polls", body)
        .await
        .expect_status(201);
    let location = created.header("location").to_owned();
    assert!(
        location.starts_with("/tenants/7/polls/api/polls/"),
        "{location}"
    );
    app.get(&location).await.expect_status(200);
    let operations = app.get("/tenants/7/polls/api/openapi.json").await.json();
    // Relative to `api/openapi.json`: the base path of the router.
    assert_eq!(operations["servers"][0]["url"], "..");
    assert!(operations["paths"]["/api/polls"].is_object());
    app.get("/tenants/7/polls/api/polls/7")
        .await
        .assert_problem(400, "malformed_id");
    app.get("/tenants/7/polls/api/nonsense")
        .await
        .assert_problem(404, "not_found");
}

#[tokio::test]
async fn location_uses_the_path_of_the_public_url() {
    let app = App::with(|router| router.public_url("https://polls.test/votes".parse().unwrap()));
    let body = json!({"title": "t", "options": ["a", "b"]});
    let created = app.post("/api/polls", body).await.expect_status(201);
    let id = created.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(created.header("location"), format!("/votes/api/polls/{id}"));
}

#[tokio::test]
async fn merged_routers_answer_their_own_routes() {
    let app = App::new();
    let votify: Router<HostState> = open_router(app.engine.clone()).operations(false).build();
    let host = Router::new()
        .route("/hello", get(hello))
        .route("/api/mine", get(hello))
        .route("/metrics", get(hello))
        .fallback(async || "the host's own")
        .merge(votify);
    let app = App {
        router: host.with_state(HostState("hi")),
        ..app
    };
    for path in ["/hello", "/api/mine", "/metrics"] {
        assert_eq!(app.get(path).await.text, "hi", "{path}");
    }
    assert_eq!(app.get("/nonsense").await.text, "the host's own");
    app.get("/api/nonsense")
        .await
        .assert_problem(404, "not_found");
    Browser::new(&app).create_poll(json!({})).await;
}

#[cfg(feature = "ui")]
#[tokio::test]
async fn pages_can_be_disabled() {
    let app = App::with(|router| router.pages(false));
    assert_eq!(app.get("/").await.status, 404);
}
