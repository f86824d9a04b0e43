use std::sync::Arc;

use axum::http::Method;
use serde_json::json;
use votify_axum::VotifyRouter;
use votify_core::{MemoryStore, Store};

use crate::app::{App, SECRET, SharedClock, engine};
use crate::browser::{Browser, Made};

const BALLOT: &str = "0190b6e2-1111-4000-8000-00000000000a";
const NEWER: &str = "a newer secret of the tests, also long enough";

fn app_with(store: &Arc<dyn Store>, clock: &SharedClock, secrets: &[&str]) -> App {
    let engine = engine(Arc::clone(store), clock, secrets);
    App {
        router: VotifyRouter::new(engine.clone()).build(),
        engine,
        clock: clock.clone(),
    }
}

async fn polled(app: &App) -> Made {
    Browser::new(app).make(json!({})).await
}

#[tokio::test]
async fn a_retry_after_a_lost_first_answer_is_the_same_voter() {
    let app = App::new();
    let poll = polled(&app).await;
    let mut first = Browser::new(&app);
    first.vote_as(&poll, 0, BALLOT).await.ok(201);
    // The answer was lost, and with it the cookie.
    let mut retry = Browser::new(&app);
    retry.vote_as(&poll, 0, BALLOT).await.ok(200);
    assert_eq!(first.cookie, retry.cookie);
    retry.vote(&poll, 1).await.is_problem(409, "already_voted");
    assert_eq!(app.total(&poll.id).await, 1);
    let other = polled(&app).await;
    let mut elsewhere = Browser::new(&app);
    elsewhere.vote_as(&other, 0, BALLOT).await.ok(201);
    assert_ne!(
        elsewhere.cookie, first.cookie,
        "another poll, another session"
    );
}

#[tokio::test]
async fn the_retry_is_the_same_voter_across_a_rotation() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = SharedClock::new();
    let before = app_with(&store, &clock, &[SECRET]);
    let poll = polled(&before).await;
    Browser::new(&before)
        .vote_as(&poll, 0, BALLOT)
        .await
        .ok(201);
    let after = app_with(&store, &clock, &[NEWER, SECRET]);
    Browser::new(&after).vote_as(&poll, 0, BALLOT).await.ok(200);
    assert_eq!(after.total(&poll.id).await, 1);
}

#[tokio::test]
async fn an_old_cookie_holds_and_is_replaced_with_the_next_write() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = SharedClock::new();
    let before = app_with(&store, &clock, &[SECRET]);
    let mut browser = Browser::new(&before);
    let poll = browser.make(json!({"revote": true})).await;
    browser.vote(&poll, 0).await.ok(201);
    let old = browser.cookie.clone();
    browser.app = app_with(&store, &clock, &[NEWER, SECRET]);
    browser.get(&poll.at("/vote")).await.ok(200);
    assert_eq!(browser.cookie, old, "nothing is set on reading");
    browser.vote(&poll, 1).await.ok(201);
    assert_ne!(browser.cookie, old);
    browser.app = app_with(&store, &clock, &[NEWER]);
    let own = browser
        .call(Method::PATCH, &poll.at(""), Some(json!({"title": "New"})))
        .await;
    own.is_problem(403, "not_owner"); // The poll's own secret is gone, so nobody can show to be its owner.
    let fresh = browser.make(json!({})).await;
    browser.vote(&fresh, 0).await.ok(201);
    browser
        .vote(&fresh, 0)
        .await
        .is_problem(409, "already_voted");
}

#[tokio::test]
async fn forged_and_cut_cookies_are_no_sessions() {
    let app = App::unlimited();
    let mut browser = Browser::new(&app);
    let poll = browser.make(json!({})).await;
    browser.vote(&poll, 0).await.ok(201);
    let good = browser.cookie.clone().unwrap();
    let foreign = {
        let mut other = Browser::new(&App::over(MemoryStore::new(), |router| router));
        other.app = app_with(
            &(Arc::new(MemoryStore::new()) as Arc<dyn Store>),
            &app.clock,
            &[NEWER],
        );
        other.make(json!({})).await;
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
            .get(&poll.at("/vote"))
            .await
            .is_problem(404, "not_voted");
        let body = Some(json!({"title": "Mine"}));
        forger
            .call(Method::PATCH, &poll.at(""), body)
            .await
            .is_problem(403, "not_owner");
        forger.vote(&poll, 1).await.ok(201);
        assert_ne!(forger.cookie.unwrap(), cookie, "a session of its own");
    }
}

#[tokio::test]
async fn reading_never_sets_a_cookie() {
    let app = App::new();
    let poll = polled(&app).await;
    for path in [
        poll.at(""),
        poll.at("/results"),
        "/api/polls".into(),
        "/api/trending".into(),
        "/healthz".into(),
    ] {
        let answer = app.get(&path).await.ok(200);
        assert!(!answer.headers.contains_key("set-cookie"), "{path}");
    }
}

#[tokio::test]
async fn cookies_are_for_tls_only_where_the_public_url_is() {
    for (url, secure) in [("https://polls.test", true), ("http://polls.test", false)] {
        let app = App::with(|router| router.public_url(url.parse().unwrap()));
        let body = json!({"title": "t", "options": ["a", "b"]});
        let answer = app.post("/api/polls", body).await.ok(201);
        let cookie = answer.header("set-cookie").to_owned();
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
    let poll = polled(&app).await;
    let mut browser = Browser::at(&app, "192.0.2.50");
    browser.vote(&poll, 0).await.ok(201);
    browser.address = "198.51.100.50".to_owned();
    browser
        .vote(&poll, 0)
        .await
        .is_problem(409, "already_voted");
    Browser::at(&app, "192.0.2.50").vote(&poll, 0).await.ok(201);
}

#[tokio::test]
async fn pages_of_other_sites_get_cookies_only_over_tls() {
    for (url, origins, same_site) in [
        ("https://polls.test", &["https://embed.example"][..], "None"),
        ("https://polls.test", &[], "Lax"),
        ("http://polls.test", &["https://embed.example"], "Lax"),
    ] {
        let app = App::with(|router| {
            let origins = origins.iter().map(|origin| origin.parse().unwrap());
            router
                .public_url(url.parse().unwrap())
                .allowed_origins(origins)
        });
        let mut browser = Browser::new(&app);
        let body = json!({"title": "t", "options": ["a", "b"]});
        let answer = browser.post("/api/polls", body).await.ok(201);
        let cookie = answer.header("set-cookie");
        assert!(
            cookie.contains(&format!("; SameSite={same_site}")),
            "{cookie}"
        );
        let poll = Made::from(answer.json());
        let body = Some(json!({"title": "still mine"}));
        browser
            .call(Method::PATCH, &poll.at(""), body)
            .await
            .ok(200);
    }
}
