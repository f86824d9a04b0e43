use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::json;
use votify_axum::RouteGroup;

use crate::app::{App, open_router, request};
use crate::browser::Browser;
use crate::endpoints;
use crate::server::Server;
use crate::stream_clients::Socket;

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
    assert_eq!(operations["servers"][0]["url"], "/tenants/7/polls");
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
    let votify: Router<HostState> = open_router(app.engine.clone())
        .without([RouteGroup::Operations])
        .build();
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
    let app = App::with(|router| router.without([RouteGroup::Pages]));
    assert_eq!(app.get("/").await.status, 404);
}

/// A group that is left out answers like an unknown path, and is not in the document.
#[tokio::test]
async fn groups_of_routes_can_be_left_out() {
    let groups = [
        (RouteGroup::Creation, vec!["POST /api/polls"]),
        (
            RouteGroup::Lists,
            vec!["GET /api/polls", "GET /api/trending"],
        ),
        (
            RouteGroup::Management,
            vec![
                "PATCH /api/polls/{id}",
                "DELETE /api/polls/{id}",
                "POST /api/polls/{id}/close",
                "POST /api/polls/{id}/invites",
                "GET /api/polls/{id}/invites",
            ],
        ),
        (
            RouteGroup::Voting,
            vec![
                "POST /api/polls/{id}/vote",
                "GET /api/polls/{id}/vote",
                "DELETE /api/polls/{id}/vote",
            ],
        ),
        (
            RouteGroup::Streams,
            vec!["GET /api/polls/{id}/stream", "GET /api/asyncapi.json"],
        ),
        (
            RouteGroup::Operations,
            vec!["GET /healthz", "GET /readyz", "GET /metrics"],
        ),
        (
            RouteGroup::Documents,
            vec!["GET /api/openapi.json", "GET /api/asyncapi.json"],
        ),
    ];
    let all = App::new();
    let poll = Browser::new(&all).create_poll(json!({})).await;
    let calls = endpoints::all(&all, &poll).await;
    for (group, left_out) in groups {
        let app = App {
            router: open_router(all.engine.clone()).without([group]).build(),
            ..all.clone()
        };
        if group != RouteGroup::Documents {
            let names = endpoints::names(&app).await;
            let expected = calls.iter().map(|call| call.name.as_str());
            let expected: Vec<_> = expected.filter(|name| !left_out.contains(name)).collect();
            assert_eq!(names.iter().collect::<Vec<_>>(), expected, "{group:?}");
        }
        for call in calls
            .iter()
            .filter(|call| left_out.contains(&call.name.as_str()))
        {
            let request = request(call.method.clone(), &call.path, call.body.clone());
            let status = app.send(request).await.status.as_u16();
            assert!([404, 405].contains(&status), "{}: {status}", call.name);
        }
    }
}

#[tokio::test]
async fn a_web_socket_takes_no_votes_if_voting_is_left_out() {
    let app = App::with(|router| router.without([RouteGroup::Voting]));
    let server = Server::start(app).await;
    let poll = Browser::new(&server.app).create_poll(json!({})).await;
    let mut socket = Socket::open(&server, &Server::stream_path(&poll, ""), &[]).await;
    socket
        .send(json!({"type": "vote", "option_id": poll.options[0]}))
        .await;
    let rejected = socket.next_of("vote_rejected").await;
    assert_eq!(rejected["code"], "not_allowed");
}
