//! Details of problems say what to do.

use axum::http::Method;
use serde_json::{Value, json};
use votify_axum::VotifyRouter;
use votify_core::Rate;

use crate::app::{App, TestResponse};
use crate::browser::Browser;

async fn create_from(app: &App, host: &str, origin: &str) -> TestResponse {
    let body = Some(json!({"title": "t", "options": ["a", "b"]}));
    let headers = [("host", host), ("origin", origin)];
    Browser::new(app)
        .call_with(Method::POST, "/api/polls", body, &headers)
        .await
}

#[track_caller]
fn detail_of(response: &TestResponse, status: u16, code: &str) -> String {
    let body = response.assert_problem(status, code);
    let detail = body["detail"].as_str();
    detail.unwrap_or_else(|| panic!("{body}")).to_owned()
}

#[tokio::test]
async fn refused_origins_are_named_with_the_expected_one() {
    let by_host = App::new();
    let public = |router: VotifyRouter| {
        let hosts = ["polls.test".parse().unwrap()];
        router
            .public_url("https://polls.example/app".parse().unwrap())
            .allowed_hosts(hosts)
    };
    let by_url = App::with(public);
    let long = format!("https://{}", "a".repeat(1_000));
    for (app, origin, came, expected) in [
        (
            &by_host,
            "https://evil.test",
            "\"https://evil.test\"",
            "http://polls.test:81 or https://polls.test:81 is expected",
        ),
        (&by_host, "null", "\"null\"", "http://polls.test:81"),
        (&by_host, &long, "\"https://aaa", "http://polls.test:81"),
        (
            &by_url,
            "http://polls.example",
            "\"http://polls.example\"",
            "and https://polls.example is expected",
        ),
    ] {
        let response = create_from(app, "polls.test:81", origin).await;
        let detail = detail_of(&response, 403, "origin_not_allowed");
        for part in [came, expected, "--allowed-origins"] {
            assert!(detail.contains(part), "{part}: {detail}");
        }
        assert!(detail.len() < 400, "{detail}");
    }
}

#[tokio::test]
async fn the_kinds_of_ballots_are_named() {
    let app = App::new();
    for (ballot, field) in [
        (json!("multiple"), "ballot"),
        (json!(["single"]), "ballot"),
        (json!(null), "ballot"),
        (json!({}), "ballot.kind"),
        (json!({"kind": "many"}), "ballot.kind"),
        (json!({"kind": 1}), "ballot.kind"),
        (json!({"kind": "ranked"}), "ballot.kind"),
    ] {
        let body = json!({"title": "t", "options": ["a", "b"], "ballot": ballot});
        let response = app.post("/api/polls", body).await;
        let body = response.assert_problem(422, "invalid_poll");
        let errors: &Value = &body["errors"];
        assert_eq!(errors[0]["field"], field, "{body}");
        let problem = errors[0]["problem"].as_str().unwrap();
        for kind in ["single", "multiple"] {
            assert!(problem.contains(kind), "{ballot}: {problem}");
        }
    }
}

/// Every problem with `Retry-After` says so in its detail.
#[tokio::test]
async fn details_say_how_long_to_wait() {
    let app = App::with(|router| {
        router
            .vote_rate(Some(Rate::per_minute(1)))
            .poll_rate(Some(Rate::per_minute(2)))
            .streams_per_address(0)
    });
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({})).await;
    browser.vote(&poll, 0).await.expect_status(201);
    browser.create_poll(json!({})).await;
    let poll_body = json!({"title": "t", "options": ["a", "b"]});
    let refusals = [
        browser.vote(&poll, 0).await,
        browser.get(&poll.path("/stream")).await,
        browser.post("/api/polls", poll_body).await,
    ];
    for refusal in refusals {
        let detail = detail_of(&refusal, 429, "rate_limited");
        let wait = refusal.header("retry-after");
        let expected = format!("; retry after {wait} s");
        assert!(detail.ends_with(&expected), "{detail}");
    }
    app.engine.shutdown().await;
    app.clock.advance(120);
    let refusal = browser.vote(&poll, 0).await;
    let detail = detail_of(&refusal, 503, "overloaded");
    let wait = refusal.header("retry-after");
    assert_eq!(detail, format!("retry after {wait} s"));
}
