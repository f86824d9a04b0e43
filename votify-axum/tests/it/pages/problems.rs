use axum::http::Method;
use serde_json::json;
use votify_axum::AllowedHost;

use crate::app::{App, request};
use crate::browser::Browser;
use crate::failing_store::{FailingStore, Fault, INTERNAL_DETAIL};

const PAGE: &[(&str, &str)] = &[("accept", "text/html,*/*;q=0.8")];

#[tokio::test]
async fn an_unknown_poll_is_404_for_people_and_robots() {
    let app = App::new();
    for path in [
        "/p/0190b6e2-0000-7000-8000-000000000000",
        "/p/nonsense",
        "/p/nonsense/embed",
    ] {
        let page = app.get(path).await.expect_status(404);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.text.contains("There is no poll here"), "{}", page.text);
        assert!(page.text.contains("content=\"noindex\""));
    }
}

#[tokio::test]
async fn unknown_paths_are_pages_for_browsers_only() {
    let app = App::with(|router| router.fallback(true));
    let mut browser = Browser::new(&app);
    let page = browser
        .call_with(Method::GET, "/nonsense", None, PAGE)
        .await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("There is no page here"), "{}", page.text);
    app.get("/nonsense").await.assert_problem(404, "not_found");
    // Paths of the API are for programs, whatever they accept.
    for path in ["/api/nonsense", "/api/polls/nonsense"] {
        let problem = browser.call_with(Method::GET, path, None, PAGE).await;
        assert_eq!(problem.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn problem_pages_start_at_most_one_session() {
    let app = App::with(|router| router.fallback(true));
    for _ in 0..3 {
        let mut browser = Browser::new(&app);
        let page = browser.call_with(Method::GET, "/nonsense", None, PAGE);
        let page = page.await.expect_status(404);
        assert!(!page.headers.contains_key("set-cookie"));
    }
    let unknown = "/p/0190b6e2-0000-7000-8000-000000000000";
    for _ in 0..2 {
        let page = app.get(unknown).await.expect_status(404);
        let cookie = page.header("set-cookie");
        assert!(cookie.starts_with("votify_session="), "{cookie}");
    }
}

#[tokio::test]
async fn a_method_that_a_page_has_not_is_a_page() {
    let app = App::new();
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({})).await;
    let path = format!("/p/{}/results", poll.id);
    let page = browser.call_with(Method::POST, &path, None, PAGE).await;
    assert_eq!(page.status, 405);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
}

#[tokio::test]
async fn a_foreign_host_gets_a_page_without_links_to_it() {
    let hosts: [AllowedHost; 1] = ["polls.test".parse().unwrap()];
    let app = App::with(|router| router.allowed_hosts(hosts));
    let mut request = request(Method::GET, "/", None);
    let headers = request.headers_mut();
    headers.insert("host", "evil.test".parse().unwrap());
    headers.insert("accept", "text/html".parse().unwrap());
    let page = app.send(request).await.expect_status(421);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(!page.headers.contains_key("set-cookie"));
    assert!(!page.text.contains("//evil.test"), "{}", page.text);
}

/// A browser that lost its store sees a page with the status and the time to wait.
#[tokio::test]
async fn a_store_that_does_not_answer_is_a_page() {
    let store = FailingStore::default();
    let app = App::over(store.clone(), |router| router);
    store.set(Fault::Unavailable);
    let page = app
        .get("/p/0190b6e2-0000-7000-8000-000000000000")
        .await
        .expect_status(503);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.headers.contains_key("retry-after"));
    assert!(page.text.contains("The server is busy"), "{}", page.text);
    assert!(!page.text.contains(INTERNAL_DETAIL));
}
