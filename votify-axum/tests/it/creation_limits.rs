//! The limits of creating polls and invites.

mod limiters;

use std::time::Duration;

use async_trait::async_trait;
use axum::http::Method;
use axum::http::request::Parts;
use serde_json::{Value, json};
use votify_axum::{Identity, IdentityError};
use votify_core::Rate;
use votify_core::voter::AccountId;

use crate::app::{App, TestResponse};
use crate::browser::Browser;

pub fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

fn lunch() -> Value {
    json!({"title": "Lunch?", "options": ["Pizza", "Sushi"]})
}

pub async fn create(browser: &mut Browser) -> TestResponse {
    browser.post("/api/polls", lunch()).await
}

/// Asserts that a limit refused, and returns the seconds until the next attempt.
#[track_caller]
pub fn assert_limited(response: &TestResponse, setting: &str) -> u64 {
    let problem = response.assert_problem(429, "rate_limited");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains(&format!("setting --{setting})")),
        "{detail}"
    );
    assert!(detail.contains("ask the operator"), "{detail}");
    assert!(!response.headers.contains_key("set-cookie"));
    response.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn an_address_creates_a_limited_number_of_polls() {
    let app = App::with(|router| router.poll_rate(rate("3/1h")));
    for _ in 0..3 {
        create(&mut Browser::new(&app)).await.expect_status(201);
    }
    let refused = create(&mut Browser::new(&app)).await;
    let wait = assert_limited(&refused, "poll-rate");
    assert!((3_600..=4_320).contains(&wait), "{wait}");
    assert_eq!(refused.header("ratelimit-limit"), "3");
    let mut other = Browser::with_address(&app, "192.0.2.2");
    create(&mut other).await.expect_status(201);
    app.clock.advance(wait);
    create(&mut Browser::new(&app)).await.expect_status(201);

    for address in ["2001:db8::1", "2001:db8::2", "2001:db8::3"] {
        let mut browser = Browser::with_address(&app, address);
        create(&mut browser).await.expect_status(201);
    }
    let refused = create(&mut Browser::with_address(&app, "2001:db8::ffff")).await;
    assert_limited(&refused, "poll-rate");
    let mut other = Browser::with_address(&app, "2001:db8:0:1::");
    create(&mut other).await.expect_status(201);
}

/// The defaults are those of the documentation.
#[tokio::test]
async fn an_address_creates_sixty_polls_in_an_hour_by_default() {
    let app = App::new();
    for _ in 0..60 {
        create(&mut Browser::new(&app)).await.expect_status(201);
    }
    let refused = create(&mut Browser::new(&app)).await;
    assert_limited(&refused, "poll-rate");
    let unlimited = App::with(|router| router.poll_rate(None));
    for _ in 0..61 {
        create(&mut Browser::new(&unlimited))
            .await
            .expect_status(201);
    }
}

#[tokio::test]
async fn invalid_polls_do_not_count() {
    let app = App::with(|router| router.poll_rate(rate("1/1h")).owner_poll_rate(rate("1/1d")));
    let mut browser = Browser::new(&app);
    for body in [
        json!({"title": "Lunch?", "options": ["Pizza"]}),
        json!({"title": 1, "options": ["Pizza", "Sushi"]}),
        json!({"title": "Lunch?", "options": ["Pizza", "Pizza"]}),
    ] {
        let refused = browser.post("/api/polls", body).await;
        refused.assert_problem(422, "invalid_poll");
    }
    create(&mut browser).await.expect_status(201);
}

#[tokio::test]
async fn an_address_creates_polls_of_a_limited_size() {
    let app = App::with(|router| router.poll_bytes_rate(rate("20000/1h")));
    let large = json!({"title": "Lunch?", "options": ["a", "b"], "description": "é".repeat(4_000)});
    let mut browser = Browser::new(&app);
    for _ in 0..2 {
        let created = browser.post("/api/polls", large.clone()).await;
        created.expect_status(201);
    }
    let refused = browser.post("/api/polls", large.clone()).await;
    let problem = refused.assert_problem(429, "rate_limited");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("(setting --poll-bytes-rate)"), "{detail}");
    assert!(detail.contains("needs 8008"), "{detail}");
    // Smaller polls still fit.
    create(&mut browser).await.expect_status(201);
    let mut other = Browser::with_address(&app, "192.0.2.2");
    other.post("/api/polls", large).await.expect_status(201);
    let too_large =
        json!({"title": "Lunch?", "options": ["a", "b"], "description": "語".repeat(9_000)});
    let refused = other.post("/api/polls", too_large).await;
    let problem = refused.assert_problem(429, "rate_limited");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("send less at once")
    );
}

#[tokio::test]
async fn new_texts_of_a_poll_count_like_a_new_poll() {
    let app = App::with(|router| router.poll_bytes_rate(rate("20000/1h")));
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({})).await;
    let long = json!({"description": "d".repeat(9_990)});
    let mut edit = async |body: Value| owner.call(Method::PATCH, &poll.path(""), Some(body)).await;
    edit(long.clone()).await.expect_status(200);
    // Refused edits do not count.
    let invalid = json!({"title": "t".repeat(256), "description": "d".repeat(9_990)});
    edit(invalid.clone())
        .await
        .assert_problem(422, "invalid_poll");
    edit(invalid).await.assert_problem(422, "invalid_poll");
    edit(json!({"description": "e".repeat(9_900)}))
        .await
        .expect_status(200);
    let refused = edit(long).await;
    assert_limited(&refused, "poll-bytes-rate");
    // Edits without texts need no bytes.
    edit(json!({"revote": true})).await.expect_status(200);
    assert_limited(
        &edit(json!({"title": "Which of these do you like?".repeat(9)})).await,
        "poll-bytes-rate",
    );
    // Edits of strangers do not count.
    let app = App::with(|router| router.poll_bytes_rate(rate("20000/1h")));
    let poll = Browser::new(&app).create_poll(json!({})).await;
    let mut stranger = Browser::new(&app);
    for _ in 0..3 {
        let body = json!({"description": "d".repeat(9_000)});
        let refused = stranger
            .call(Method::PATCH, &poll.path(""), Some(body))
            .await;
        refused.assert_problem(403, "not_owner");
    }
}

#[tokio::test]
async fn an_owner_creates_a_limited_number_of_polls() {
    let app = App::with(|router| router.owner_poll_rate(rate("2/1d")).poll_rate(rate("4/1h")));
    let mut owner = Browser::new(&app);
    create(&mut owner).await.expect_status(201);
    // Also from another address.
    owner.address = "192.0.2.2".to_owned();
    create(&mut owner).await.expect_status(201);
    owner.address = "192.0.2.1".to_owned();
    for _ in 0..10 {
        let refused = create(&mut owner).await;
        let problem = refused.assert_problem(429, "rate_limited");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("(setting --owner-poll-rate)"), "{detail}");
    }
    // The refused creations did not count toward the limit of their address.
    for _ in 0..3 {
        create(&mut Browser::new(&app)).await.expect_status(201);
    }
    assert_limited(&create(&mut Browser::new(&app)).await, "poll-rate");
}

#[tokio::test]
async fn refused_sessions_do_not_count_toward_the_limits_of_polls() {
    let app = App::with(|router| router.session_rate(rate("1/1h")).poll_rate(rate("2/1h")));
    let mut owner = Browser::new(&app);
    create(&mut owner).await.expect_status(201);
    for _ in 0..3 {
        assert_limited(&create(&mut Browser::new(&app)).await, "session-rate");
    }
    create(&mut owner).await.expect_status(201);
    assert_limited(&create(&mut Browser::new(&app)).await, "poll-rate");
}

#[tokio::test]
async fn refusals_of_an_address_do_not_count_toward_the_owner() {
    let app = App::with(|router| router.owner_poll_rate(rate("2/1d")).poll_rate(rate("1/1h")));
    let mut owner = Browser::new(&app);
    create(&mut owner).await.expect_status(201);
    for _ in 0..5 {
        assert_limited(&create(&mut owner).await, "poll-rate");
    }
    owner.address = "192.0.2.2".to_owned();
    create(&mut owner).await.expect_status(201);
}

#[tokio::test]
async fn invites_are_limited_per_owner_and_address() {
    let app = App::with(|router| {
        let router = router.vote_rate(None).invite_rate(rate("10/1d"));
        router.owner_invite_rate(rate("6/1d"))
    });
    let mut owner = Browser::new(&app);
    let poll = owner.create_poll(json!({"voters": "invite"})).await;
    let path = poll.path("/invites");
    let mut invite = async |count: u32| owner.post(&path, json!({"count": count})).await;
    invite(5).await.expect_status(201);
    let refused = invite(2).await;
    assert_limited(&refused, "owner-invite-rate");
    invite(1).await.expect_status(201);
    let mut stranger = Browser::new(&app);
    let refused = stranger.post(&path, json!({"count": 4})).await;
    refused.assert_problem(403, "not_owner");
    let mut other = Browser::new(&app);
    let other_poll = other.create_poll(json!({"voters": "invite"})).await;
    let path = other_poll.path("/invites");
    let mut invite = async |count: u32| other.post(&path, json!({"count": count})).await;
    assert_limited(&invite(5).await, "invite-rate");
    invite(4).await.expect_status(201);
    // Calls that the engine refuses do not count.
    let mut by_browser = Browser::with_address(&app, "192.0.2.2");
    let plain = by_browser.create_poll(json!({})).await;
    for _ in 0..3 {
        let refused = by_browser
            .post(&plain.path("/invites"), json!({"count": 5}))
            .await;
        refused.assert_problem(409, "not_by_invite");
    }
    let by_invite = by_browser.create_poll(json!({"voters": "invite"})).await;
    by_browser
        .post(&by_invite.path("/invites"), json!({"count": 6}))
        .await
        .expect_status(201);
}

/// The account that the header `x-user` names.
#[derive(Debug)]
struct ByHeader;

#[async_trait]
impl Identity for ByHeader {
    async fn account(&self, request: &Parts) -> Result<Option<AccountId>, IdentityError> {
        let user = request.headers.get("x-user");
        Ok(user.and_then(|user| user.to_str().ok()).map(AccountId::new))
    }
}

#[tokio::test(start_paused = true)]
async fn all_sessions_together_have_a_limited_number_of_polls() {
    let app = App::with(|router| router.session_polls(2).identity(ByHeader));
    let mut first = Browser::new(&app);
    let poll = first.create_poll(json!({})).await;
    first.create_poll(json!({})).await;
    let refused = create(&mut Browser::with_address(&app, "192.0.2.2")).await;
    assert_eq!(assert_limited(&refused, "session-polls"), 600);
    // Accounts and the host are not limited.
    let created = Browser::new(&app)
        .call_with(
            Method::POST,
            "/api/polls",
            Some(lunch()),
            &[("x-user", "ada")],
        )
        .await;
    created.expect_status(201);
    let draft = votify_core::PollDraft::single_choice("Lunch?", ["Pizza", "Sushi"]);
    app.engine.create_poll(draft).await.unwrap();
    // Nothing is deleted to make room, and a deletion makes room within 5 s.
    app.total(&poll.id).await;
    let deleted = first.call(Method::DELETE, &poll.path(""), None).await;
    deleted.expect_status(204);
    tokio::time::advance(Duration::from_secs(5)).await;
    create(&mut Browser::new(&app)).await.expect_status(201);
    assert_limited(&create(&mut Browser::new(&app)).await, "session-polls");
    let none = App::with(|router| router.session_polls(0));
    assert_limited(&create(&mut Browser::new(&none)).await, "session-polls");
}
