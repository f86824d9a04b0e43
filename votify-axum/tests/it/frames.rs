//! Pages in frames of other sites.

use axum::http::Method;
use serde_json::json;
use votify_axum::VotifyRouter;

use crate::app::App;
use crate::browser::Browser;

const CROSS_SITE: &str = "; SameSite=None; Partitioned; Secure";

fn app(url: &str, ancestors: &[&str]) -> App {
    let set = |router: VotifyRouter| {
        let origins = ancestors.iter().map(|origin| origin.parse().unwrap());
        router
            .public_url(url.parse().unwrap())
            .frame_ancestors(origins)
    };
    App::with(set)
}

#[tokio::test]
async fn pages_are_not_framed_by_default() {
    let page = app("https://polls.test", &[]).get("/").await;
    let policy = page.header("content-security-policy");
    assert!(policy.ends_with("; frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert!(page.header("set-cookie").contains("; SameSite=Lax"));
}

#[tokio::test]
async fn listed_origins_may_frame_pages() {
    let app = app(
        "https://polls.test",
        &["https://www.example.org", "https://intra.example:8443"],
    );
    let poll = Browser::new(&app).create_poll(json!({})).await;
    for path in ["/".to_owned(), format!("/p/{}", poll.id)] {
        let page = app.get(&path).await.expect_status(200);
        let policy = page.header("content-security-policy");
        let expected = "; frame-ancestors https://www.example.org https://intra.example:8443";
        assert!(policy.ends_with(expected), "{policy}");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(!page.headers.contains_key("x-frame-options"), "{path}");
        let cookie = page.header("set-cookie");
        assert!(cookie.contains(CROSS_SITE), "{cookie}");
    }
}

#[tokio::test]
async fn pages_of_owners_and_accounts_are_never_framed() {
    let app = app("https://polls.test", &["https://www.example.org"]);
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    for path in [
        "/mine".to_owned(),
        format!("/p/{}/manage", poll.id),
        format!("/p/{}/manage?done=x", poll.id),
    ] {
        let page = owner.get(&path).await.expect_status(200);
        let policy = page.header("content-security-policy");
        assert!(policy.ends_with("; frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.header("x-frame-options"), "DENY");
    }
}

/// In a frame, the page's own requests are of its own origin.
#[tokio::test]
async fn framed_pages_vote_with_cookies_of_the_framing_site() {
    let app = app("https://polls.test", &["https://www.example.org"]);
    let mut first = Browser::new(&app);
    let own = [("origin", "https://polls.test")];
    let body = json!({"title": "t", "options": ["a", "b"]});
    let create = first.call_with(Method::POST, "/api/polls", Some(body), &own);
    let created = create.await.expect_status(201);
    assert!(created.header("set-cookie").contains(CROSS_SITE));
    let poll = crate::browser::CreatedPoll::from(created.json());
    first.vote(&poll, 0).await.expect_status(201);
    let framing = [("origin", "https://www.example.org")];
    let ballot = Some(json!({"option_id": poll.options[0]}));
    // To frame a page is no permission to use the API.
    let direct = Browser::new(&app)
        .call_with(Method::POST, &poll.path("/vote"), ballot, &framing)
        .await;
    direct.assert_problem(403, "origin_not_allowed");
    // Below another site the browser has other cookies, and is another voter.
    Browser::new(&app).vote(&poll, 0).await.expect_status(201);
    assert_eq!(app.total(&poll.id).await, 2);
}

#[tokio::test]
async fn plain_http_has_no_cookies_for_other_sites() {
    let page = app("http://polls.test", &["http://www.example.org"])
        .get("/")
        .await;
    let cookie = page.header("set-cookie");
    assert!(cookie.contains("; SameSite=Lax; Path=/"), "{cookie}");
}
