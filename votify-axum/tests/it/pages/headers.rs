use serde_json::json;
use votify_core::Rate;

use crate::app::{App, TestResponse};
use crate::browser::Browser;

const ACCEPTING_PAGES: &[(&str, &str)] = &[("accept", "text/html")];

#[track_caller]
fn assert_page_headers(page: &TestResponse) {
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("x-frame-options"), "DENY");
    // `no-referrer` would make browsers send forms with `Origin: null`.
    assert_eq!(page.header("referrer-policy"), "strict-origin");
    assert_eq!(page.header("cache-control"), "no-store");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(policy.contains("; form-action 'self'; "), "{policy}");
    // The CSS of a theme may load fonts of the site.
    assert!(policy.contains("; font-src 'self'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let text = &page.text;
    for inline in ["<style", " style=", "<script>", " onclick", "javascript:"] {
        assert!(!text.contains(inline), "{inline} in {text}");
    }
    let foreign = text.replace("http://polls.test/", "");
    assert!(
        !foreign.contains("://"),
        "the page references no other origin: {text}"
    );
}

#[tokio::test]
async fn pages_set_a_session_and_a_content_security_policy() {
    let app = App::new();
    let poll = Browser::new(&app).create_poll(json!({})).await;
    for path in [
        "/".to_owned(),
        format!("/p/{}", poll.id),
        format!("/p/{}/embed", poll.id),
    ] {
        let page = app.get(&path).await.expect_status(200);
        assert_page_headers(&page);
        assert!(page.header("set-cookie").starts_with("votify_session="));
        let again = Browser {
            cookie: page
                .header("set-cookie")
                .split(';')
                .next()
                .map(str::to_owned),
            ..Browser::new(&app)
        }
        .get(&path)
        .await;
        assert!(!again.headers.contains_key("set-cookie"), "{path}");
    }
}

#[tokio::test]
async fn problem_pages_have_the_headers_of_pages() {
    let app = App::with(|router| router.fallback(true));
    for path in ["/p/0190b6e2-0000-7000-8000-000000000000", "/nonsense"] {
        let page = Browser::new(&app)
            .call_with(axum::http::Method::GET, path, None, ACCEPTING_PAGES)
            .await
            .expect_status(404);
        assert_page_headers(&page);
    }
}

/// Browsers write to the console that they ignore the header without TLS.
#[tokio::test]
async fn the_opener_policy_is_for_secure_pages() {
    let app = App::new();
    for (header, is_secure) in [("sec-fetch-site", true), ("x-other", false)] {
        let headers = [("accept", "text/html"), (header, "none")];
        for path in ["/", "/p/0190b6e2-0000-7000-8000-000000000000"] {
            let mut browser = Browser::new(&app);
            let page = browser.call_with(axum::http::Method::GET, path, None, &headers);
            let page = page.await;
            let policy = page.headers.get("cross-origin-opener-policy");
            assert_eq!(policy.is_some(), is_secure, "{path}");
        }
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
async fn loading_pages_uses_up_no_sessions() {
    let app = App::with(|router| router.session_rate(Some(Rate::per_minute(1))));
    let mut browser = Browser::new(&app);
    for _ in 0..3 {
        let page = app.get("/").await.expect_status(200);
        assert!(page.headers.contains_key("set-cookie"));
    }
    browser.get("/").await.expect_status(200);
    let known = browser.get("/").await.expect_status(200);
    assert!(
        !known.headers.contains_key("set-cookie"),
        "the browser has a session"
    );
}
