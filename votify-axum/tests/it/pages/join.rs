//! The page to join with a code, and short links.

use std::time::Duration;

use serde_json::json;
use votify_core::Rate;

use crate::app::{App, TestResponse, open_router};
use crate::browser::{Browser, CreatedPoll};

async fn poll(app: &App) -> (CreatedPoll, String) {
    let poll = Browser::with_address(app, "198.51.100.7")
        .create_poll(json!({"visibility": "unlisted"}))
        .await;
    let code = poll.body["join_code"].as_str().unwrap().to_owned();
    (poll, code)
}

#[track_caller]
fn assert_leads_to(response: &TestResponse, path: &str) {
    assert_eq!(response.status, 303, "{}", response.text);
    assert_eq!(response.header("location"), path);
}

/// Asserts a page that shows a problem at the field.
#[track_caller]
fn assert_refused(response: &TestResponse, status: u16, problem: &str) {
    assert_eq!(response.status, status, "{}", response.text);
    assert_eq!(response.header("content-type"), "text/html; charset=utf-8");
    let text = &response.text;
    assert!(text.contains("aria-invalid=\"true\""), "{text}");
    assert!(
        text.contains("aria-describedby=\"field-code-error"),
        "{text}"
    );
    assert!(text.contains(" autofocus"), "{text}");
    let error = text.split("id=\"field-code-error\">").nth(1).unwrap();
    assert!(error.starts_with(problem), "{error}");
}

#[tokio::test]
async fn a_code_opens_its_poll_in_any_spelling() {
    let app = App::new();
    let (poll, code) = poll(&app).await;
    let page = app.get("/join").await.expect_status(200);
    assert!(
        page.text
            .contains("<form class=\"card join\" method=\"get\" action=\"/join\">")
    );
    assert!(!page.text.contains("aria-invalid"));
    let expected = format!("/p/{}", poll.id);
    let lower = code.to_lowercase();
    for path in [
        format!("/join?code={code}"),
        format!("/join?code=+{}-{}+", &lower[..3], &lower[3..]),
        format!("/join/?code={code}"),
        format!("/j/{code}"),
        format!("/j/{lower}/"),
    ] {
        assert_leads_to(&app.get(&path).await, &expected);
    }
}

#[tokio::test]
async fn an_unknown_code_is_shown_again_with_the_problem_at_its_field() {
    let app = App::new();
    let (_, code) = poll(&app).await;
    let unknown = if code == "222222" { "333333" } else { "222222" };
    for path in [format!("/join?code={unknown}"), format!("/j/{unknown}")] {
        let page = app.get(&path).await;
        assert_refused(&page, 404, "No poll has this code.");
        assert!(
            page.text.contains(&format!("value=\"{unknown}\"")),
            "{}",
            page.text
        );
    }
    let page = app.get("/join?code=%22%3E%3Cb%3E").await;
    assert_refused(&page, 404, "No poll has this code.");
    assert!(!page.text.contains("\"><b>"), "{}", page.text);
    let long = "x".repeat(1_000);
    let page = app.get(&format!("/join?code={long}")).await;
    assert!(!page.text.contains(&long[..41]));
}

#[tokio::test]
async fn wrong_codes_on_the_page_and_over_the_api_count_together() {
    let rate = Rate::new(2, Duration::from_secs(60)).unwrap();
    let app = App::with(|router| router.join_rate(rate));
    let (_, code) = poll(&app).await;
    let unknown = if code == "222222" { "333333" } else { "222222" };
    app.get(&format!("/api/join/{unknown}"))
        .await
        .expect_status(404);
    app.get(&format!("/join?code={unknown}"))
        .await
        .expect_status(404);
    for code in [unknown, code.as_str()] {
        let page = app.get(&format!("/join?code={code}")).await;
        assert_refused(&page, 429, "Too many wrong codes came from your network.");
        let wait: u64 = page.header("retry-after").parse().unwrap();
        assert!((1..=75).contains(&wait), "{wait}");
    }
}

#[tokio::test]
async fn below_a_prefix_a_code_leads_below_the_prefix() {
    let app = App::new();
    let (poll, code) = poll(&app).await;
    let nested = axum::Router::new().nest("/votes", open_router(app.engine.clone()).build());
    let app = App {
        router: nested,
        ..app
    };
    let page = app.get("/votes/join").await.expect_status(200);
    assert!(
        page.text.contains("action=\"/votes/join\""),
        "{}",
        page.text
    );
    for path in [
        format!("/votes/j/{code}"),
        format!("/votes/join?code={code}"),
    ] {
        assert_leads_to(&app.get(&path).await, &format!("/votes/p/{}", poll.id));
    }
}
