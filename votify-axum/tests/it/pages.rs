mod join;
mod pictures;
mod results;
mod room;

use serde_json::json;
use votify_core::Rate;

use crate::app::{App, open_router};
use crate::browser::Browser;

#[tokio::test]
async fn pages_set_a_session_and_a_content_security_policy() {
    let app = App::new();
    for path in [
        "/",
        "/p/0190b6e2-0000-7000-8000-000000000000",
        "/p/nonsense",
    ] {
        let page = app.get(path).await.expect_status(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(page.header("set-cookie").starts_with("votify_session="));
        assert!(
            page.text.contains("src=\"/votify.js\"") && !page.text.contains("{{"),
            "{path}"
        );
        assert!(
            !page.text.contains("://"),
            "the page references no other origin"
        );
        assert!(
            !page.text.contains("<style")
                && !page.text.contains(" style=")
                && !page.text.contains("onclick")
        );
    }
    for (asset, content_type) in [
        ("/votify.js", "text/javascript; charset=utf-8"),
        ("/votify.css", "text/css; charset=utf-8"),
    ] {
        let response = app.get(asset).await.expect_status(200);
        assert_eq!(response.header("content-type"), content_type);
        assert!(
            !response.text.contains("https://") && !response.headers.contains_key("set-cookie")
        );
    }
}

#[tokio::test]
async fn thirty_browsers_behind_one_address_can_vote() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    for _ in 0..30 {
        let mut voter = Browser::new(&app);
        voter
            .get(&format!("/p/{}", poll.id))
            .await
            .expect_status(200);
        voter.vote(&poll, 0).await.expect_status(201);
    }
    assert_eq!(app.total(&poll.id).await, 30);
}

#[tokio::test]
async fn pages_are_served_when_the_session_rate_is_exceeded() {
    let app = App::with(|router| router.session_rate(Some(Rate::per_minute(1))));
    let mut browser = Browser::new(&app);
    browser.get("/").await.expect_status(200);
    let known = browser.get("/").await.expect_status(200);
    assert!(
        !known.headers.contains_key("set-cookie"),
        "the browser has a session"
    );
    let late = app.get("/").await.expect_status(200);
    assert!(!late.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn nested_pages_reference_their_assets() {
    let app = App::new();
    let votify = open_router(app.engine.clone()).build();
    let nested = App {
        router: axum::Router::new().nest("/a&b/polls", votify),
        ..app
    };
    for path in ["/a&b/polls", "/a&b/polls/p/x"] {
        let page = nested.get(path).await.expect_status(200);
        assert!(
            page.text.contains("src=\"/a&amp;b/polls/votify.js\""),
            "{}",
            page.text
        );
    }
    nested.get("/a&b/polls/votify.js").await.expect_status(200);
    let public = App::with(|router| router.public_url("https://polls.test/below".parse().unwrap()));
    assert!(
        public
            .get("/")
            .await
            .text
            .contains("src=\"/below/votify.js\"")
    );
}

/// Only an operator can add a secret that the server lacks, so a retry cannot help.
#[tokio::test]
async fn the_page_does_not_retry_a_vote_for_a_poll_whose_secret_is_missing() {
    let script = App::new().get("/votify.js").await.text;
    for expected in [
        "[502, 503, 504].includes(error.status) && error.code !== \"poll_key_unknown\"",
        "isKeyMissing = error.code === \"poll_key_unknown\"",
    ] {
        assert!(script.contains(expected), "{expected}");
    }
}
