use std::sync::Arc;

use axum::http::Method;
use serde_json::json;
use votify_core::{MemoryStore, Store};

use crate::app::{App, SECRET, SharedClock, engine, open_router};
use crate::browser::{Browser, CreatedPoll};
use crate::invites;
use crate::owners::ByHeader;

const BALLOT: &str = "0190b6e2-1111-4000-8000-00000000000a";
const NEWER: &str = "a newer secret of the tests, also long enough";

fn app_with(store: &Arc<dyn Store>, clock: &SharedClock, secrets: &[&str]) -> App {
    let engine = engine(Arc::clone(store), clock, secrets);
    App {
        router: open_router(engine.clone()).build(),
        engine,
        clock: clock.clone(),
    }
}

async fn create_poll_in(app: &App) -> CreatedPoll {
    Browser::new(app).create_poll(json!({})).await
}

#[tokio::test]
async fn a_retry_with_the_same_ballot_id_is_the_same_voter() {
    let app = App::new();
    let poll = create_poll_in(&app).await;
    let mut first = Browser::new(&app);
    first.vote_as(&poll, 0, BALLOT).await.expect_status(201);
    // The response was lost, and the cookie with it.
    let mut retry = Browser::new(&app);
    retry.vote_as(&poll, 0, BALLOT).await.expect_status(200);
    assert_eq!(first.cookie, retry.cookie);
    retry
        .vote(&poll, 1)
        .await
        .assert_problem(409, "already_voted");
    assert_eq!(app.total(&poll.id).await, 1);
    let other = create_poll_in(&app).await;
    let mut elsewhere = Browser::new(&app);
    elsewhere
        .vote_as(&other, 0, BALLOT)
        .await
        .expect_status(201);
    assert_ne!(
        elsewhere.cookie, first.cookie,
        "another poll starts another session"
    );
}

/// Everybody who counts as the same voter can read the ballot's id: the people behind an
/// address, those who know an invite code, the devices of an account. A replay must not give
/// them the session of another browser.
#[tokio::test]
async fn a_replay_gives_no_session_of_another_browser() {
    for voters in ["ip", "invite", "account"] {
        let app = App::with(|router| router.identity(ByHeader));
        let mut owner = Browser::new(&app);
        let poll = owner.create_poll(json!({"voters": voters})).await;
        let path = match voters {
            "invite" => {
                let codes = invites::codes(&mut owner, &poll, 1).await;
                format!("{}?invite={}", poll.path("/vote"), codes[0])
            }
            _ => poll.path("/vote"),
        };
        let body = json!({"option_id": poll.options[0], "ballot_id": BALLOT});
        let login = [("x-user", "ada")];
        let (mut first, mut other) = (Browser::new(&app), Browser::new(&app));
        for (browser, status) in [(&mut first, 201), (&mut other, 200)] {
            let vote = browser.call_with(Method::POST, &path, Some(body.clone()), &login);
            vote.await.expect_status(status);
        }
        assert!(first.cookie.is_some() && other.cookie.is_some(), "{voters}");
        assert_ne!(first.cookie, other.cookie, "{voters}");
        assert_eq!(app.total(&poll.id).await, 1);
    }
}

#[tokio::test]
async fn a_retry_is_the_same_voter_after_a_key_rotation() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = SharedClock::new();
    let before = app_with(&store, &clock, &[SECRET]);
    let poll = create_poll_in(&before).await;
    Browser::new(&before)
        .vote_as(&poll, 0, BALLOT)
        .await
        .expect_status(201);
    let after = app_with(&store, &clock, &[NEWER, SECRET]);
    Browser::new(&after)
        .vote_as(&poll, 0, BALLOT)
        .await
        .expect_status(200);
    assert_eq!(after.total(&poll.id).await, 1);
}

#[tokio::test]
async fn old_cookies_stay_valid_and_are_replaced_by_the_next_write() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = SharedClock::new();
    let before = app_with(&store, &clock, &[SECRET]);
    let mut browser = Browser::new(&before);
    let poll = browser.create_poll(json!({"revote": true})).await;
    browser.vote(&poll, 0).await.expect_status(201);
    let old = browser.cookie.clone();
    browser.app = app_with(&store, &clock, &[NEWER, SECRET]);
    browser.get(&poll.path("/vote")).await.expect_status(200);
    assert_eq!(browser.cookie, old, "reads set no cookie");
    browser.vote(&poll, 1).await.expect_status(201);
    assert_ne!(browser.cookie, old);
    browser.app = app_with(&store, &clock, &[NEWER]);
    let own = browser
        .call(Method::PATCH, &poll.path(""), Some(json!({"title": "New"})))
        .await;
    // The secret of the poll and of its owner's session was removed.
    own.assert_problem(503, "poll_key_unknown");
    let fresh = browser.create_poll(json!({})).await;
    browser.vote(&fresh, 0).await.expect_status(201);
    browser
        .vote(&fresh, 0)
        .await
        .assert_problem(409, "already_voted");
}

#[tokio::test]
async fn forged_and_truncated_cookies_are_ignored() {
    let app = App::unlimited();
    let mut browser = Browser::new(&app);
    let poll = browser.create_poll(json!({})).await;
    browser.vote(&poll, 0).await.expect_status(201);
    let good = browser.cookie.clone().unwrap();
    let foreign = {
        let mut other = Browser::new(&App::over(MemoryStore::new(), |router| router));
        other.app = app_with(
            &(Arc::new(MemoryStore::new()) as Arc<dyn Store>),
            &app.clock,
            &[NEWER],
        );
        other.create_poll(json!({})).await;
        other.cookie.unwrap()
    };
    let last = if good.ends_with('A') { "B" } else { "A" };
    let bad = [
        foreign,
        good[..good.len() - 4].to_owned(),
        format!("{}{last}", &good[..good.len() - 2]),
        format!("{good}AAAA"),
        "votify_session=".to_owned(),
        "votify_session=\u{fc}".to_owned(),
        "votify_session=%%%".to_owned(),
        ";;;=;".to_owned(),
    ];
    for cookie in bad {
        let mut forger = Browser::new(&app);
        forger.cookie = Some(cookie.clone());
        forger
            .get(&poll.path("/vote"))
            .await
            .assert_problem(404, "not_voted");
        let body = Some(json!({"title": "Mine"}));
        forger
            .call(Method::PATCH, &poll.path(""), body)
            .await
            .assert_problem(403, "not_owner");
        forger.vote(&poll, 1).await.expect_status(201);
        assert_ne!(
            forger.cookie.unwrap(),
            cookie,
            "the forger gets a new session"
        );
    }
}

#[tokio::test]
async fn only_the_poll_itself_starts_a_session_when_read() {
    let app = App::new();
    let poll = create_poll_in(&app).await;
    for path in [
        poll.path("/results"),
        "/api/polls".into(),
        "/api/trending".into(),
        "/healthz".into(),
    ] {
        let response = app.get(&path).await.expect_status(200);
        assert!(!response.headers.contains_key("set-cookie"), "{path}");
    }
}

#[tokio::test]
async fn cookies_are_secure_with_an_https_public_url() {
    for (url, secure) in [("https://polls.test", true), ("http://polls.test", false)] {
        let app = App::with(|router| router.public_url(url.parse().unwrap()));
        let body = json!({"title": "t", "options": ["a", "b"]});
        let response = app.post("/api/polls", body).await.expect_status(201);
        let cookie = response.header("set-cookie").to_owned();
        assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
        assert_eq!(
            cookie.starts_with("__Host-votify_session="),
            secure,
            "{cookie}"
        );
        assert_eq!(cookie.starts_with("votify_session="), !secure, "{cookie}");
        assert!(
            cookie.contains("; HttpOnly")
                && cookie.contains("; SameSite=Lax")
                && cookie.contains("; Path=/")
        );
    }
}

#[tokio::test]
async fn a_session_is_one_voter_from_any_address() {
    let app = App::new();
    let poll = create_poll_in(&app).await;
    let mut browser = Browser::with_address(&app, "192.0.2.50");
    browser.vote(&poll, 0).await.expect_status(201);
    browser.address = "198.51.100.50".to_owned();
    browser
        .vote(&poll, 0)
        .await
        .assert_problem(409, "already_voted");
    Browser::with_address(&app, "192.0.2.50")
        .vote(&poll, 0)
        .await
        .expect_status(201);
}

/// Only pages of allowed origins get cookies that work on other sites, and only over TLS.
#[tokio::test]
async fn cross_site_cookies_require_tls_and_an_allowed_origin() {
    const OTHER: &str = "https://embed.example";
    let (lax, none) = (
        "; SameSite=Lax",
        "; SameSite=None; Partitioned; Secure; Path=/",
    );
    for (url, origin, expected) in [
        ("https://polls.test", Some(OTHER), none),
        ("https://polls.test", Some("https://polls.test"), lax),
        ("https://polls.test", None, lax),
        ("http://polls.test", Some(OTHER), lax),
    ] {
        let app = App::with(|router| {
            router
                .public_url(url.parse().unwrap())
                .allowed_origins([OTHER.parse().unwrap()])
        });
        let origin: Vec<_> = origin
            .map(|origin| ("origin", origin))
            .into_iter()
            .collect();
        let mut browser = Browser::new(&app);
        let body = json!({"title": "t", "options": ["a", "b"]});
        let create = browser.call_with(Method::POST, "/api/polls", Some(body), &origin);
        let response = create.await.expect_status(201);
        let cookie = response.header("set-cookie");
        assert!(cookie.contains(expected), "{url} {origin:?} {cookie}");
        assert_eq!(cookie.contains("Partitioned"), expected == none, "{cookie}");
        let poll = CreatedPoll::from(response.json());
        let mut reader = Browser::new(&app);
        let path = poll.path("");
        let read = reader.call_with(Method::GET, &path, None, &origin);
        let read = read.await.expect_status(200);
        assert!(read.header("set-cookie").contains(expected), "{read:?}");
        let body = Some(json!({"title": "still mine"}));
        let change = browser.call_with(Method::PATCH, &path, body, &origin);
        change.await.expect_status(200);
    }
}
