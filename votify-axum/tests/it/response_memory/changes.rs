use axum::http::Method;
use serde_json::json;

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
    let body = json!({"title": "t", "options": ["a", "b"]});
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
