//! Pages of forms that clients do not read.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;
use tower::ServiceExt;

use crate::app::{from, request};
use crate::browser::Browser;
use crate::response_memory::{MIB, app, counted, create_large_poll, fill, read};

/// A form that is shown again has changed nothing, so it can be rejected like a read.
#[tokio::test]
async fn forms_that_are_shown_again_are_bounded() {
    let app = app(64, 2);
    let options: String = (0..150)
        .map(|_| format!("&options={}", "%22".repeat(3_000)))
        .collect();
    let body = format!("more=1{options}");
    let mut held = Vec::new();
    let rejected = loop {
        let mut request = request(Method::POST, "/", None);
        let content_type = "application/x-www-form-urlencoded".parse().unwrap();
        request.headers_mut().insert("content-type", content_type);
        *request.body_mut() = Body::from(body.clone());
        let request = from("192.0.2.1", request);
        let response = app.router.clone().oneshot(request).await.unwrap();
        if response.status() != StatusCode::OK {
            break read(response).await;
        }
        held.push(response);
        assert!(held.len() < 10, "no response is rejected");
        let size = counted(&app).await / held.len();
        assert!(size < MIB, "what is shown again is cut: {size}");
    };
    rejected.assert_problem(429, "rate_limited");
    drop(held);
    assert_eq!(counted(&app).await, 0);
}

#[tokio::test]
async fn invites_of_the_page_are_rejected_before_they_are_made() {
    let app = app(2, 2);
    let mut owner = Browser::new(&app);
    let large = create_large_poll(&mut owner).await;
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let manage = format!("/p/{}/manage", poll.id);
    let token = owner.hidden_field(&manage, "form_token").await;
    let (held, _) = fill(&app, "192.0.2.1", &large.path("")).await;
    let form = format!("{manage}/invites");
    let token = ("form_token", token.as_str());
    let wanted = [
        vec![token, ("count", "30")],
        vec![token, ("count", "9000"), ("format", "csv")],
    ];
    for fields in &wanted {
        owner.post_form(&form, fields).await.expect_status(429);
    }
    drop(held);
    let counts = owner.get(&poll.path("/invites")).await.json();
    assert_eq!(counts["made"], 0, "{counts}");
    for fields in &wanted {
        owner.post_form(&form, fields).await.expect_status(200);
    }
    let counts = owner.get(&poll.path("/invites")).await.json();
    assert_eq!(counts["made"], 9_030, "{counts}");
    assert_eq!(counted(&app).await, 0);
}
