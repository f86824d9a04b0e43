//! A front end on another origin: preflights, credentials and cookies.

use axum::http::Method;
use serde_json::{Value, json};

use crate::app::App;
use crate::browser::{Browser, CreatedPoll};
use crate::server::Server;
use crate::stream_clients::{EventStream, Socket};

const FRONT_END: &str = "https://app.example";
const CROSS_SITE: &str = "; HttpOnly; SameSite=None; Partitioned; Secure; Path=/; Max-Age=";

fn app() -> App {
    App::with(|router| {
        router
            .public_url("https://polls.test".parse().unwrap())
            .allowed_origins([FRONT_END.parse().unwrap()])
    })
}

async fn create_poll(app: &App) -> CreatedPoll {
    let body = json!({"title": "Lunch?", "options": ["Pizza", "Sushi"]});
    let response = app.post("/api/polls", body).await.expect_status(201);
    CreatedPoll::from(response.json())
}

/// Asserts that a browser lets a page of the front end read a response.
#[track_caller]
fn assert_readable(response: &crate::app::TestResponse) {
    assert_eq!(response.header("access-control-allow-origin"), FRONT_END);
    assert_eq!(response.header("access-control-allow-credentials"), "true");
    let vary = response.headers.get_all("vary").iter();
    let vary: Vec<_> = vary
        .map(|line| line.to_str().unwrap().to_lowercase())
        .collect();
    assert!(vary.join(",").contains("origin"), "{vary:?}");
}

#[tokio::test]
async fn preflights_allow_what_a_front_end_sends() {
    let app = app();
    for (method, headers) in [
        ("POST", "content-type"),
        ("POST", "content-type,idempotency-key,authorization"),
        ("PATCH", "content-type"),
        ("DELETE", "idempotency-key"),
        ("GET", "if-none-match,last-event-id,authorization"),
    ] {
        let asked = [
            ("access-control-request-method", method),
            ("access-control-request-headers", headers),
        ];
        let preflight = |origin| {
            let mut all = asked.to_vec();
            all.push(("origin", origin));
            let mut browser = Browser::new(&app);
            async move {
                browser
                    .call_with(Method::OPTIONS, "/api/polls", None, &all)
                    .await
            }
        };
        let allowed = preflight(FRONT_END).await.expect_status(200);
        assert_eq!(allowed.header("access-control-allow-origin"), FRONT_END);
        assert_eq!(allowed.header("access-control-allow-credentials"), "true");
        assert_eq!(allowed.header("access-control-max-age"), "600");
        let methods = allowed.header("access-control-allow-methods");
        assert!(methods.split(',').any(|one| one == method), "{methods}");
        let names = allowed.header("access-control-allow-headers");
        for name in headers.split(',') {
            assert!(names.split(',').any(|one| one == name), "{name}: {names}");
        }
        assert!(!allowed.headers.contains_key("set-cookie"));
        for foreign in ["https://evil.example", "http://app.example", "null"] {
            let refused = preflight(foreign).await;
            let origin = refused.headers.get("access-control-allow-origin");
            assert_eq!(origin, None, "{foreign}");
        }
    }
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_reads_and_votes_with_cookies() {
    let app = app();
    let poll = create_poll(&app).await;
    let page = [("origin", FRONT_END)];
    let path = poll.path("");
    let mut browser = Browser::new(&app);
    let read = browser.call_with(Method::GET, &path, None, &page);
    let read = read.await.expect_status(200);
    assert_readable(&read);
    let set = read.header("set-cookie");
    assert!(set.starts_with("__Host-votify_session="), "{set}");
    assert!(set.contains(CROSS_SITE), "{set}");
    let vote = poll.path("/vote");
    let ballot = || Some(json!({"option_id": poll.options[0]}));
    let voted = browser.call_with(Method::POST, &vote, ballot(), &page);
    let voted = voted.await.expect_status(201);
    assert_readable(&voted);
    let counted = voted.header("set-cookie");
    assert!(counted.contains(CROSS_SITE), "{counted}");
    let again = browser
        .call_with(Method::POST, &vote, ballot(), &page)
        .await;
    again.assert_problem(409, "already_voted");
    assert_readable(&again);
    let foreign = [("origin", "https://evil.example")];
    let refused = browser.call_with(Method::POST, &vote, ballot(), &foreign);
    refused.await.assert_problem(403, "origin_not_allowed");
}

/// The cookie of a page of this server is not the one of the other site.
#[tokio::test]
async fn own_pages_keep_their_cookies() {
    let app = app();
    let poll = create_poll(&app).await;
    for origin in [
        None,
        Some("https://polls.test"),
        Some("https://evil.example"),
    ] {
        let page: Vec<_> = origin
            .map(|origin| ("origin", origin))
            .into_iter()
            .collect();
        let path = poll.path("");
        let mut browser = Browser::new(&app);
        let read = browser.call_with(Method::GET, &path, None, &page);
        let read = read.await.expect_status(200);
        let set = read.header("set-cookie");
        assert!(set.contains("; SameSite=Lax; Secure;"), "{origin:?} {set}");
    }
}

#[tokio::test]
async fn streams_of_allowed_origins_start_sessions_for_other_sites() {
    let server = Server::start(app()).await;
    let poll = create_poll(&server.app).await;
    let path = Server::stream_path(&poll, "");
    let mut events = EventStream::open(&server, &path, &[("origin", FRONT_END)]).await;
    events.next_of("poll_updated").await;
    for part in [
        "samesite=none; partitioned; secure",
        "access-control-allow-origin: https://app.example\r\n",
        "access-control-allow-credentials: true\r\n",
    ] {
        assert!(events.headers.contains(part), "{}", events.headers);
    }
    let mut socket = Socket::open(&server, &path, &[("origin", FRONT_END)]).await;
    socket.next_of("poll_updated").await;
    let refused = Socket::try_open(&server, &path, &[("origin", "https://evil.example")]).await;
    let (status, body) = refused.unwrap_err();
    let code: &Value = &body["code"];
    assert_eq!((status.as_u16(), code), (403, &json!("origin_not_allowed")));
}

#[cfg(feature = "accounts")]
#[tokio::test]
async fn logins_work_from_allowed_origins() {
    use crate::accounts::harness::{PASSWORD, app_with, cookies, credentials};
    let app = app_with(|router| {
        router
            .public_url("https://polls.test".parse().unwrap())
            .allowed_origins([FRONT_END.parse().unwrap()])
    });
    let page = [("origin", FRONT_END)];
    let body = Some(credentials("ada", PASSWORD));
    let mut browser = Browser::new(&app);
    let register = browser.call_with(Method::POST, "/api/auth/register", body, &page);
    let registered = register.await.expect_status(201);
    assert_readable(&registered);
    let set = registered.header("set-cookie");
    assert!(set.starts_with("__Host-votify_login="), "{set}");
    assert!(set.contains(CROSS_SITE), "{set}");
    // The front end may be of the same site as Votify's own pages. A browser would then send
    // an earlier login from there too.
    let all = |response: &crate::app::TestResponse| -> Vec<String> {
        let lines = response.headers.get_all("set-cookie").iter();
        lines.map(|set| set.to_str().unwrap().to_owned()).collect()
    };
    let lax = "__Host-votify_login=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0";
    assert!(all(&registered).contains(&lax.to_owned()), "{registered:?}");
    let own_page = Browser::new(&app)
        .post("/api/auth/login", credentials("ada", PASSWORD))
        .await
        .expect_status(200);
    let partitioned = "__Host-votify_login=; HttpOnly; SameSite=None; Partitioned; Secure; Path=/; \
                       Max-Age=0";
    assert!(
        all(&own_page).contains(&partitioned.to_owned()),
        "{own_page:?}"
    );
    browser.cookie = Some(cookies(&registered));
    let me = browser.call_with(Method::GET, "/api/auth/me", None, &page);
    assert_eq!(me.await.expect_status(200).json()["name"], "ada");
    let left = browser.call_with(Method::POST, "/api/auth/logout", None, &page);
    let left = left.await.expect_status(204);
    let cleared = left.headers.get_all("set-cookie").iter();
    let cleared: Vec<_> = cleared.map(|set| set.to_str().unwrap()).collect();
    // The front end may be of the same site as Votify's own pages.
    for kind in ["SameSite=Lax; Secure", "SameSite=None; Partitioned; Secure"] {
        let expected = format!("__Host-votify_login=; HttpOnly; {kind}; Path=/; Max-Age=0");
        assert!(cleared.contains(&expected.as_str()), "{cleared:?}");
    }
}

/// A page has the token of its forms.
#[tokio::test]
async fn no_page_of_another_origin_reads_a_page() {
    let app = app();
    let poll = create_poll(&app).await;
    let origin = [("origin", FRONT_END), ("accept", "text/html")];
    for path in [
        "/".to_owned(),
        "/mine".to_owned(),
        "/p/x".to_owned(),
        format!("/p/{}", poll.id),
        format!("/p/{}/manage", poll.id),
    ] {
        let mut browser = Browser::new(&app);
        let page = browser.call_with(Method::GET, &path, None, &origin).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let allowed = page.headers.get("access-control-allow-origin");
        assert_eq!(allowed, None, "{path}");
    }
    let mut browser = Browser::new(&app);
    let script = browser.call_with(Method::GET, "/votify.js", None, &origin);
    let script = script.await.expect_status(200);
    assert!(script.headers.contains_key("access-control-allow-origin"));
}
