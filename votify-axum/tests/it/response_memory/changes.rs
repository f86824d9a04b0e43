use axum::http::Method;
use serde_json::{Map, json};
use tower::ServiceExt;

use crate::app::request;
use crate::browser::Browser;
use crate::response_memory::{app, counted, create_large_poll, fill, read, unread};

#[tokio::test]
async fn beyond_the_limit_of_all_addresses_large_responses_get_503_and_votes_count() {
    let app = app(2, 2);
    let mut owner = Browser::new(&app);
    let poll = create_large_poll(&mut owner).await;
    let small = owner.create_poll(json!({})).await;
    let (held, _) = fill(&app, "192.0.2.7", &poll.path("")).await;
    let rejected = read(unread(&app, "192.0.2.8", &poll.path("")).await).await;
    rejected.assert_problem(503, "overloaded");
    assert!(rejected.headers.contains_key("retry-after"));
    for poll in [&poll, &small] {
        Browser::new(&app).vote(poll, 0).await.expect_status(201);
    }
    app.get(&small.path("")).await.expect_status(200);
    // The responses to changes of a small poll are small.
    let change = Some(json!({"closes_at": app.clock.after(60)}));
    let changed = owner.call(Method::PATCH, &small.path(""), change).await;
    changed.expect_status(200);
    let closed = owner.call(Method::POST, &small.path("/close"), None).await;
    closed.expect_status(200);
    owner.create_poll(json!({})).await;
    app.get("/api/openapi.json").await.expect_status(200);
    // A change is rejected before it is made.
    let change = json!({"title": "Changed?", "closes_at": app.clock.after(60)});
    let response = owner
        .call(Method::PATCH, &poll.path(""), Some(change))
        .await;
    response.assert_problem(503, "overloaded");
    let closed = owner.call(Method::POST, &poll.path("/close"), None).await;
    closed.assert_problem(503, "overloaded");
    drop(held);
    let details = app.get(&poll.path("")).await.json();
    assert_eq!(details["poll"]["status"], "open");
    assert_ne!(details["poll"]["title"], "Changed?");
    let closed = owner.call(Method::POST, &poll.path("/close"), None).await;
    closed.expect_status(200);
    assert_eq!(counted(&app).await, 0);
}

#[tokio::test]
async fn creations_and_invites_are_rejected_before_they_are_made() {
    let app = app(2, 2);
    let mut owner = Browser::new(&app);
    let poll = create_large_poll(&mut owner).await;
    let invited = owner.create_poll(json!({"voters": "invite"})).await;
    let (held, _) = fill(&app, "192.0.2.1", &poll.path("")).await;
    let options: Vec<String> = (100..200).map(|n| n.to_string().repeat(80)).collect();
    let body = json!({"title": "t", "options": options});
    let created = app.post("/api/polls", body).await;
    created.assert_problem(429, "rate_limited");
    let (path, count) = (invited.path("/invites"), json!({"count": 9_000}));
    let invites = owner.post(&path, count.clone());
    invites.await.assert_problem(429, "rate_limited");
    drop(held);
    let listed = app.get("/api/polls?status=all").await.json();
    assert_eq!(listed["pagination"]["total"], 1);
    let invites = owner.post(&path, count);
    let invites = invites.await.expect_status(201).json();
    assert_eq!(invites["invites"].as_array().unwrap().len(), 9_000);
}

/// A client error has changed nothing, so it can be rejected like a read.
#[tokio::test]
async fn large_client_errors_are_rejected_beyond_the_limit() {
    let app = app(64, 2);
    let poll = create_large_poll(&mut Browser::new(&app)).await;
    let names = (0..100).map(|number| format!("{number:064}"));
    let body: Map<_, _> = names.map(|name| (name, json!(1))).collect();
    let send = || app.post("/api/polls", body.clone().into());
    send().await.assert_problem(422, "invalid_poll");
    let (held, _) = fill(&app, "192.0.2.1", &poll.path("")).await;
    let mut unread = Vec::new();
    // Smaller than what `fill` has left.
    let rejected = loop {
        let request = request(Method::POST, "/api/polls", Some(body.clone().into()));
        let response = app.router.clone().oneshot(request).await.unwrap();
        if response.status() != 422 {
            break read(response).await;
        }
        unread.push(response);
        assert!(unread.len() < 10, "no response is rejected");
    };
    rejected.assert_problem(429, "rate_limited");
    drop((held, unread));
    assert_eq!(counted(&app).await, 0);
}
